/** The chart of a point as an ECharts option. */
import type { EChartsOption, SeriesOption } from 'echarts'
import { clockTime, fullTime } from '@/time/instant'
import { formatNumber } from './reading'
import type { Mark, Sample } from './trend'

export interface ChartInput {
  kind: 'number' | 'state'
  samples: readonly Sample[]
  steps: readonly [number, number | null][]
  live: readonly [number, number | null][]
  marks: readonly Mark[]
  start: number
  end: number
  unit: string
  timeZone: string | undefined
  stateName: (value: number) => string
  words: { mean: string; range: string; value: string; missing: (share: number) => string }
  colour: (name: string) => string
}

/** The shapes of GradeMark, so that a mark is not told by its colour alone. */
const SHAPES: Record<Mark['grade'], string> = { high: 'triangle', medium: 'diamond', low: 'rect' }

interface TipItem {
  axisValue: number
  seriesName?: string
}

export function chartOption(input: ChartInput): EChartsOption {
  const c = input.colour
  const day = input.end - input.start > 36 * 3_600_000
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily, color: c('--text-2') },
    grid: { left: 8, right: 20, top: 22, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis',
      backgroundColor: c('--raised'),
      borderColor: c('--line-strong'),
      textStyle: { color: c('--text'), fontSize: 13 },
      axisPointer: { lineStyle: { color: c('--line-strong') } },
      formatter: (items) => tip(items as unknown as TipItem[], input),
    },
    xAxis: {
      type: 'time',
      min: input.start,
      max: input.end,
      axisLabel: { color: c('--text-3'), hideOverlap: true, formatter: (v: number) => timeLabel(v, day, input.timeZone) },
      axisLine: { lineStyle: { color: c('--line-strong') } },
      axisTick: { lineStyle: { color: c('--line-strong') } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      ...(input.kind === 'state' ? { min: -0.15, max: 1.15, interval: 1 } : { scale: true, min: (extent: Extent) => end(extent, -1) as number, max: (extent: Extent) => end(extent, 1) as number }),
      axisLabel: { color: c('--text-3'), ...(input.kind === 'state' ? { formatter: (v: number) => (v === 0 || v === 1 ? input.stateName(v) : ''), customValues: [0, 1] } : {}) },
      splitLine: { show: input.kind === 'number', lineStyle: { color: c('--line') } },
    },
    series: input.kind === 'number' ? numberSeries(input) : stateSeries(input),
  }
}

interface Extent {
  min: number
  max: number
}

/** A steady value must not look like a storm: no axis is narrower than 2 % of the value. */
function least({ min, max }: Extent): number {
  return Math.max(Math.abs(max), Math.abs(min)) * 0.02
}

/** An end of the axis when the values would be drawn too close, else null: ECharts chooses round numbers itself. */
function end(extent: Extent, side: -1 | 1): number | null {
  const width = least(extent)
  if (extent.max - extent.min >= width || width === 0) return null
  const step = 10 ** Math.floor(Math.log10(width))
  const edge = (extent.min + extent.max) / 2 + side * width
  return Number(((side < 0 ? Math.floor(edge / step) : Math.ceil(edge / step)) * step).toPrecision(6))
}

function timeLabel(ms: number, day: boolean, timeZone: string | undefined): string {
  const full = fullTime(ms, timeZone)
  return day ? full.slice(5, 16).replace(' 00:00', '') : clockTime(ms, timeZone).slice(0, 5)
}

function numberSeries(input: ChartInput): SeriesOption[] {
  const c = input.colour
  const band = { type: 'line' as const, stack: 'band', stackStrategy: 'all' as const, symbol: 'none', lineStyle: { opacity: 0 }, silent: true, emphasis: { disabled: true } }
  const line = [...input.samples.map((s) => [s.t, s.mean] as [number, number | null]), ...input.live]
  return [
    { ...band, name: 'min', data: input.samples.map((s) => [s.t, s.min]) },
    { ...band, name: 'band', areaStyle: { color: c('--chart-band') }, data: input.samples.map((s) => [s.t, s.min === null || s.max === null ? null : s.max - s.min]) },
    { type: 'line', name: 'mean', data: line, symbol: 'circle', symbolSize: 4, showSymbol: line.length < 3, connectNulls: false, lineStyle: { width: 1.8, color: c('--chart-line') }, itemStyle: { color: c('--chart-line') }, ...marks(input) },
  ]
}

function stateSeries(input: ChartInput): SeriesOption[] {
  const c = input.colour
  return [
    { type: 'line', name: 'value', step: 'end', data: [...input.steps, ...input.live], showSymbol: false, connectNulls: false, lineStyle: { width: 2, color: c('--chart-line') }, itemStyle: { color: c('--chart-line') }, ...marks(input) },
  ]
}

/** When alarms stood: a shaded time, and a line where each began. */
function marks(input: ChartInput): Pick<SeriesOption & { type: 'line' }, 'markArea' | 'markLine' | 'markPoint'> {
  const c = input.colour
  const begun = input.marks.filter((m) => m.from >= input.start)
  return {
    markArea: {
      silent: true,
      data: input.marks.map((m) => [
        { xAxis: Math.max(m.from, input.start), itemStyle: { color: c(`--${m.grade}`), opacity: 0.13 } },
        { xAxis: Math.min(m.to ?? input.end, input.end) },
      ]),
    },
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      data: begun.map((m) => ({ xAxis: m.from, lineStyle: { color: c(`--${m.grade}`), type: 'solid' as const, width: 1.4 } })),
    },
    markPoint: {
      silent: true,
      label: { show: false },
      symbolSize: 11,
      data: begun.map((m) => ({ name: m.name, xAxis: m.from, y: 14, symbol: SHAPES[m.grade], itemStyle: { color: c(`--${m.grade}`) } })),
    },
  }
}

function tip(items: TipItem[], input: ChartInput): string {
  const at = items[0]?.axisValue
  if (at === undefined) return ''
  const rows = [`<strong>${fullTime(at, input.timeZone)}</strong>`]
  const sample = input.samples.find((s) => s.t === at)
  const live = input.live.find(([t]) => t === at)
  const unit = escape(input.unit)
  if (input.kind === 'state') {
    const value = [...input.steps, ...input.live].findLast(([t]) => t <= at)?.[1]
    if (value !== null && value !== undefined) rows.push(escape(input.stateName(value)))
  } else if (sample?.mean != null && sample.min !== null && sample.max !== null) {
    rows.push(`${input.words.mean} <b>${formatNumber(sample.mean, input.unit)}</b> ${unit}`)
    if (sample.min !== sample.max) rows.push(`${input.words.range} ${formatNumber(sample.min, input.unit)} – ${formatNumber(sample.max, input.unit)} ${unit}`)
    if (sample.coverage !== null && sample.coverage < 1) rows.push(escape(input.words.missing(sample.coverage)))
  } else if (live?.[1] != null) {
    rows.push(`${input.words.value} <b>${formatNumber(live[1], input.unit)}</b> ${unit}`)
  }
  for (const mark of input.marks) {
    if (mark.from <= at && at <= (mark.to ?? input.end)) rows.push(`<b style="color:${input.colour(`--${mark.grade}-text`)}">${escape(mark.name)}</b>`)
  }
  return rows.join('<br>')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${String(sign.charCodeAt(0))};`)
}
