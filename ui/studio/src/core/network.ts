/** How the network's fields are written and read. What a name or an address is, the studio decides. Pure. */
import type { Setup } from "../../../bindings/Setup";
import { plural } from "./format";

/** What the studio takes for an upload, in kb/s: 0.1 to 100,000 Mb/s. */
const KBPS = { least: 100, most: 100_000_000 } as const;

/** The words of a list: separated by commas, semicolons or spaces, each once. */
export function listOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((word) => word !== ""))];
}

/** A list as its field shows it. */
export function listText(list: readonly string[]): string {
  return list.join(", ");
}

/** What an upload field holds: kb/s, none for no limit, or why it is neither. */
export type Upload = { readonly kbps: number | null } | { readonly wrong: string };

/**
 * The upload in a field for Mb/s; a comma is a point. `1,000` is refused: who writes it means a thousand, or one, and
 * the wrong one of them would keep viewers out.
 */
export function uploadOf(text: string): Upload {
  const written = text.trim();
  if (written === "") return { kbps: null };
  if (/^[1-9]\d{0,2}(,\d{3})+$/.test(written)) return { wrong: "write thousands without a comma: 1000" };
  if (!/^\d+([.,]\d+)?$/.test(written)) return { wrong: "write a number, such as 20 or 2.5, or nothing for no limit" };
  const kbps = Math.round(Number(written.replace(",", ".")) * 1_000);
  return kbps < KBPS.least || kbps > KBPS.most ? { wrong: "it can be 0.1 to 100000 Mb/s" } : { kbps };
}

/** An upload as its field shows it, in Mb/s. */
export function uploadText(kbps: number | null): string {
  return kbps === null ? "" : String(kbps / 1_000);
}

/** What is set of it, in one line; empty where nothing is. */
export function networkSummary({ host_names, trusted_proxies, upload_kbps }: Setup): string {
  const [name = ""] = host_names;
  const names = host_names.length > 1 ? plural(host_names.length, "name", "names") : name;
  const proxies = trusted_proxies.length > 0 ? plural(trusted_proxies.length, "proxy", "proxies") : "";
  const upload = upload_kbps === null ? "" : `${uploadText(upload_kbps)} Mb/s`;
  return [names, proxies, upload].filter((part) => part !== "").join(" · ");
}
