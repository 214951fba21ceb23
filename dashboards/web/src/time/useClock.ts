/** The server's time, ticking once a second: countdowns and ages must not depend on this machine's clock. */
import { readonly, ref } from 'vue'

const offset = ref(0)
const now = ref(Date.now())
let timer: ReturnType<typeof setInterval> | null = null

/** The server said it is `serverNow`; the least delayed of the last answers counts most, so move gently. */
export function heardServerTime(serverNow: number): void {
  const difference = serverNow - Date.now()
  offset.value = Math.abs(difference - offset.value) > 1000 ? difference : offset.value + (difference - offset.value) / 8
  now.value = Date.now() + offset.value
}

export function serverNow(): number {
  return Date.now() + offset.value
}

export function useClock() {
  timer ??= setInterval(() => {
    now.value = Date.now() + offset.value
  }, 1000)
  return readonly(now)
}
