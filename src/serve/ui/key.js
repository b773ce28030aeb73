// The key: its cookie holds SHA-256 of `<key>_ciallo`. Browsers offer their own digest only over https
// or on this machine, so it is worked out here.

export function sha256(text) {
  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  const roots = (power, n) => {
    const found = [];
    for (let p = 2; found.length < n; p++) {
      let prime = true;
      for (let d = 2; d * d <= p; d++) if (p % d === 0) { prime = false; break; }
      if (prime) { const root = p ** power; found.push(((root - Math.floor(root)) * 2 ** 32) | 0); }
    }
    return found;
  };
  const k = roots(1 / 3, 64);
  const h = roots(1 / 2, 8);
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  for (let block = 0; block < padded.length; block += 64) {
    const w = new Int32Array(64);
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, i8] = h;
    for (let i = 0; i < 64; i++) {
      const one = (i8 + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, i8] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, i8].forEach((part, i) => { h[i] = (h[i] + part) | 0; });
  }
  return h.map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}
