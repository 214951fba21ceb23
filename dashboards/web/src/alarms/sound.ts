/**
 * The sound of a high alarm: two calm tones, made here (no file), repeated while nobody has acknowledged.
 * Browsers allow sound only after the person has touched the page; until then `blocked` says so.
 */
import { computed, ref, watch, type Ref } from 'vue'
import { useStorage } from '@vueuse/core'
import { useClock } from '@/time/useClock'
import { MUTE_MS, silences, type Mute } from './mute'

const KEY = 'anju.mute'
const REPEAT_MS = 12_000
const TONES: readonly [number, number][] = [
  [784, 0],
  [587, 0.22],
  [784, 0.6],
  [587, 0.82],
]

/** `calls` are those of `callOf` that nobody has answered. */
export function useAlarmSound(calls: Readonly<Ref<readonly string[]>>) {
  const now = useClock()
  const mute = useStorage<Mute>(KEY, { until: 0, covers: [] })
  const due = computed(() => calls.value.length > 0)
  const muted = computed(() => silences(mute.value, calls.value, now.value))
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
    mute.value = muted.value ? { until: 0, covers: [] } : { until: now.value + MUTE_MS, covers: [...calls.value] }
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
