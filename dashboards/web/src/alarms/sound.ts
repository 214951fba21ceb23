/**
 * The sound of a high alarm: two calm tones, made here (no file), repeated while nobody has acknowledged.
 * Browsers allow sound only after the person has touched the page; until then `blocked` says so.
 */
import { ref, watch, type Ref } from 'vue'

const KEY = 'anju.muted'
const REPEAT_MS = 12_000
const TONES: readonly [number, number][] = [
  [784, 0],
  [587, 0.22],
  [784, 0.6],
  [587, 0.82],
]

export function useAlarmSound(due: Readonly<Ref<boolean>>) {
  const muted = ref(localStorage.getItem(KEY) === '1')
  const blocked = ref(false)
  let context: AudioContext | null = null
  let timer: ReturnType<typeof setInterval> | null = null

  function unlock(): void {
    context ??= new AudioContext()
    const audio = context
    void audio.resume().then(() => {
      blocked.value = false
      if (due.value && !muted.value) play()
    })
  }

  function play(): void {
    if (context?.state !== 'running') {
      blocked.value = true
      return
    }
    const start = context.currentTime + 0.05
    for (const [frequency, after] of TONES) {
      const tone = context.createOscillator()
      const loudness = context.createGain()
      tone.type = 'triangle'
      tone.frequency.value = frequency
      loudness.gain.setValueAtTime(0, start + after)
      loudness.gain.linearRampToValueAtTime(0.25, start + after + 0.02)
      loudness.gain.exponentialRampToValueAtTime(0.001, start + after + 0.2)
      tone.connect(loudness).connect(context.destination)
      tone.start(start + after)
      tone.stop(start + after + 0.22)
    }
  }

  function toggle(): void {
    muted.value = !muted.value
    localStorage.setItem(KEY, muted.value ? '1' : '0')
    if (!muted.value) unlock()
  }

  watch([due, muted], ([isDue, isMuted]) => {
    if (timer) clearInterval(timer)
    timer = null
    if (!isDue || isMuted) {
      blocked.value = false
      return
    }
    play()
    timer = setInterval(play, REPEAT_MS)
  })

  function start(): void {
    addEventListener('pointerdown', unlock, { once: true })
    addEventListener('keydown', unlock, { once: true })
  }

  function stop(): void {
    if (timer) clearInterval(timer)
    timer = null
    removeEventListener('pointerdown', unlock)
    removeEventListener('keydown', unlock)
    void context?.close()
    context = null
  }

  return { muted, blocked, toggle, start, stop }
}
