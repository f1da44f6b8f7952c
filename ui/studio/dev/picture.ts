import type { Layout } from "../../bindings/Layout";

const canvas = new OffscreenCanvas(640, 360);

/** Drawn once for each layout, so that the window's own work can be measured. */
const drawn = new Map<Layout, ArrayBuffer[]>();
const PICTURES = 60;
let turn = 0;

/** A made-up program as a JPEG: a room, a person, a slide, as the layout has it. */
export async function picture(layout: Layout): Promise<ArrayBuffer> {
  const pictures = drawn.get(layout) ?? [];
  drawn.set(layout, pictures);
  if (pictures.length < PICTURES) pictures.push(await draw(layout));
  turn += 1;
  const next = pictures[turn % pictures.length];
  if (next === undefined) throw new Error("no picture");
  return next.slice(0);
}

async function draw(layout: Layout): Promise<ArrayBuffer> {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  if (layout === "solo") camera(context, 0, 0, 640, 360);
  else if (layout === "corner") {
    slide(context, 0, 0, 640, 360);
    camera(context, 464, 254, 160, 90);
  } else {
    context.fillStyle = "#14161c";
    context.fillRect(0, 0, 640, 360);
    slide(context, 8, 93, 308, 173);
    camera(context, 324, 93, 308, 173);
  }
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  return blob.arrayBuffer();
}

type Context = OffscreenCanvasRenderingContext2D;

function camera(context: Context, x: number, y: number, width: number, height: number): void {
  context.save();
  context.translate(x, y);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.scale(width / 640, height / 360);
  const wall = context.createLinearGradient(0, 0, 640, 360);
  wall.addColorStop(0, "#3b4a63");
  wall.addColorStop(1, "#8a6a55");
  context.fillStyle = wall;
  context.fillRect(0, 0, 640, 360);
  context.fillStyle = "#f2d7a0";
  context.fillRect(60, 50, 90, 120);
  const sway = Math.sin(performance.now() / 900) * 8;
  context.fillStyle = "#26313f";
  ellipse(context, 330 + sway / 2, 390, 160, 150);
  context.fillStyle = "#d9a883";
  ellipse(context, 330 + sway, 180, 62, 78);
  context.fillStyle = "#3a2a22";
  ellipse(context, 330 + sway, 128, 66, 40);
  context.restore();
}

function slide(context: Context, x: number, y: number, width: number, height: number): void {
  context.save();
  context.translate(x, y);
  context.scale(width / 640, height / 360);
  context.fillStyle = "#f6f4ee";
  context.fillRect(0, 0, 640, 360);
  context.fillStyle = "#1d2433";
  context.font = "600 34px sans-serif";
  context.fillText("Radio for beginners", 48, 84);
  context.font = "20px sans-serif";
  ["A mast, a wire and a wish", "What the ionosphere does at night", "Your questions"].forEach((line, row) =>
    context.fillText(`•  ${line}`, 48, 150 + row * 44),
  );
  context.restore();
}

function ellipse(context: Context, x: number, y: number, rx: number, ry: number): void {
  context.beginPath();
  context.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
  context.fill();
}
