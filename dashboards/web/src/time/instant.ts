/** Instants as the API and the live channel write them (RFC 3339 or Unix ms), and how people read them. */

export type AnyInstant = string | number | null | undefined

/** Unix ms, or null when there is no instant. */
export function toMs(instant: AnyInstant): number | null {
  if (instant === null || instant === undefined || instant === '') return null
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  return Number.isFinite(ms) ? ms : null
}

function format(ms: number, timeZone: string | undefined, options: Intl.DateTimeFormatOptions): string {
  // sv-SE writes 2026-09-01 07:05:09, the same in both languages and sortable by eye.
  return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone, hourCycle: 'h23' }).format(ms)
}

const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' }

/** `07:05:09` */
export function clockTime(instant: AnyInstant, timeZone?: string): string {
  const ms = toMs(instant)
  return ms === null ? '—' : format(ms, timeZone, TIME)
}

/** `09-01 07:05:09`, or `07:05:09` when it is today. */
export function shortTime(instant: AnyInstant, now: number, timeZone?: string): string {
  const ms = toMs(instant)
  if (ms === null) return '—'
  const day = format(ms, timeZone, { dateStyle: 'short' })
  const time = format(ms, timeZone, TIME)
  return day === format(now, timeZone, { dateStyle: 'short' }) ? time : `${day.slice(5)} ${time}`
}

/** `2026-09-01 07:05:09` */
export function fullTime(instant: AnyInstant, timeZone?: string): string {
  const ms = toMs(instant)
  return ms === null ? '—' : `${format(ms, timeZone, { dateStyle: 'short' })} ${format(ms, timeZone, TIME)}`
}

/** `07:05` */
export function minuteTime(instant: AnyInstant, timeZone?: string): string {
  return clockTime(instant, timeZone).slice(0, 5)
}

/** `2026-09-01 07:05`, for what was planned by the minute. */
export function dayAndMinute(instant: AnyInstant, timeZone?: string): string {
  return fullTime(instant, timeZone).slice(0, 16)
}

/** `07:05:09.123` */
export function exactTime(instant: AnyInstant, timeZone?: string): string {
  const ms = toMs(instant)
  return ms === null ? '—' : `${format(ms, timeZone, TIME)}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`
}

/** `2026-12-01` after `2026-11-30`, by the calendar alone. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
}

export type Unit = 'second' | 'minute' | 'hour' | 'day'

/** A duration as one or two units people say: 42 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function spanParts(ms: number): [number, Unit][] {
  const s = Math.floor(Math.abs(ms) / 1000)
  if (s < 60) return [[s, 'second']]
  if (s < 600) return tidy([Math.floor(s / 60), 'minute'], [s % 60, 'second'])
  if (s < 3600) return [[Math.floor(s / 60), 'minute']]
  if (s < 86_400) return tidy([Math.floor(s / 3600), 'hour'], [Math.floor((s % 3600) / 60), 'minute'])
  return tidy([Math.floor(s / 86_400), 'day'], [Math.floor((s % 86_400) / 3600), 'hour'])
}

function tidy(large: [number, Unit], small: [number, Unit]): [number, Unit][] {
  return small[0] === 0 ? [large] : [large, small]
}

/** `-02:05` / `12:04:09`: a countdown's face. */
export function countdown(ms: number): string {
  const late = ms < 0
  const s = late ? Math.ceil(-ms / 1000) : Math.ceil(ms / 1000)
  const parts = [Math.floor((s % 3600) / 60), s % 60].map((n) => String(n).padStart(2, '0'))
  if (s >= 3600) parts.unshift(String(Math.floor(s / 3600)))
  return (late && s > 0 ? '−' : '') + parts.join(':')
}
