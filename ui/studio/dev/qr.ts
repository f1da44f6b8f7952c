/** A made-up code: it looks like one and leads nowhere. */
export const QR_SIDE = 29;

function dark(x: number, y: number): boolean {
  for (const [left, top] of [[0, 0], [QR_SIDE - 7, 0], [0, QR_SIDE - 7]] as const) {
    const [dx, dy] = [x - left, y - top];
    if (dx >= -1 && dx <= 7 && dy >= -1 && dy <= 7) {
      const ring = Math.max(Math.abs(dx - 3), Math.abs(dy - 3));
      return ring === 3 || ring <= 1;
    }
  }
  return ((x * 7919 + y * 104_729 + x * y * 31) >> 3) % 2 === 0;
}

export const QR_PATH = Array.from({ length: QR_SIDE * QR_SIDE }, (_, square) => [square % QR_SIDE, Math.floor(square / QR_SIDE)] as const)
  .filter(([x, y]) => dark(x, y))
  .map(([x, y]) => `M${x} ${y}h1v1h-1z`)
  .join("");
