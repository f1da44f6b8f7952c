import { expect, it } from "vitest";
import type { Said } from "../../../bindings/Said";
import { inOrder } from "./chat";

const said = (seq: number): Said => ({ seq, at_ms: 0, viewer: { id: "v", name: "Ada", hue: 204 }, text: `${seq}` });
const removal = (seq: number) => ({ said: said(seq), until: 9 });
const seen = (lines: ReturnType<typeof inOrder>) => lines.map((line) => (line.removed ? -line.said.seq : line.said.seq));

it("keeps the place of what was removed, and never shows it twice", () => {
  expect(seen(inOrder([said(1), said(3)], [removal(2)]))).toEqual([1, -2, 3]);
  expect(seen(inOrder([said(1)], [removal(3), removal(2)]))).toEqual([1, -2, -3]);
  expect(seen(inOrder([said(1), said(2)], [removal(2)]))).toEqual([1, 2]);
  expect(seen(inOrder([], [removal(2)]))).toEqual([-2]);
  expect(seen(inOrder([said(1)], []))).toEqual([1]);
});
