import type { Random } from "./emulator.ts";

/** mulberry32: small, good enough for ids, lags and shuffles, and brought back by its seed. The state survives a restart. */
export function seededRandom(seed: number): Random & { state(): number; restore(state: number): void } {
  let state = seed >>> 0;
  const next = (() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }) as Random & { state(): number; restore(state: number): void };
  next.state = () => state;
  next.restore = (saved) => {
    state = saved >>> 0;
  };
  return next;
}
