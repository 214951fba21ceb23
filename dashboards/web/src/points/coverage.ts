/** A share in words: never "100 %" while something is missing, never "0 %" while something is there. */
export function percent(share: number): string {
  if (share <= 0) return '0 %'
  if (share >= 1) return '100 %'
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)} %`
}
