/** What the API answers with. Field names are the API's own; times are RFC 3339 strings. */

export type Instant = string

export interface Text {
  zh: string
  en?: string | null
}

export interface List<T> {
  items: T[]
  next?: string | null
}

export type RoleName = 'manager' | 'crew' | 'safety-officer' | 'supervisor' | 'administrator'

export interface User {
  username: string
  name: string
  roles: RoleName[]
}

export interface Session {
  user: User
  expires?: Instant
}

export interface Account extends User {
  disabled: boolean
  created?: Instant
  sites?: string[]
}

export interface Site {
  id: string
  name: Text
  timezone: string
}

export interface Zone {
  id: string
  name: Text
  kind: string
  parent: string | null
  building: string | null
}

export type Family = 'access' | 'environment' | 'fire' | 'waste' | 'system'
export type ValueKind = 'number' | 'boolean' | 'event'

export interface Point {
  id: string
  device: string
  measure: string
  zone: string
  building: string | null
  name: Text
  unit: string
  family: Family
  kind: ValueKind
  states: Record<string, Text>
  low: number | null
  high: number | null
  gateway: string
  value: number | null
  t: Instant | null
  quality: number
  fresh: boolean
}

export interface Bucket {
  t: Instant
  first: number | null
  last: number | null
  min: number | null
  max: number | null
  mean: number | null
  count: number
  quality: number
}

export interface Series {
  point: string
  start: Instant
  end: Instant
  step_ms: number
  buckets: Bucket[]
}

export type Grade = 'low' | 'medium' | 'high'
export type AlarmState = 'normal' | 'unacknowledged' | 'acknowledged' | 'returned-unacknowledged' | 'latched'

export interface Alarm {
  id: string
  site: string
  rule: string
  scope: string
  zone: string
  grade: Grade
  state: AlarmState
  message: Text
  action: Text | null
  latch: boolean
  value: number | null
  points: string[]
  raised_at: Instant
  acknowledged_at: Instant | null
  acknowledged_by: string | null
  acknowledge_note: string | null
  cleared_at: Instant | null
  late: boolean
  simulated: boolean
  test: boolean
  plan: string | null
  ticket: string | null
  activation: string | null
  version: number
}

export type TicketState =
  | 'reported'
  | 'assigned'
  | 'in-progress'
  | 'rectified'
  | 're-inspected'
  | 'closed'
  | 'cancelled'
  | 'merged'

export interface TicketNote {
  at: Instant
  by: string
  change: string
  note: string
}

export interface Ticket {
  id: string
  site: string
  zone: string
  title_zh: string
  title_en: string
  source: string
  priority: Grade
  state: TicketState
  reported_at: Instant
  respond_by: Instant
  complete_by: Instant
  responded_at: Instant | null
  assignee: string | null
  rectified_by: string | null
  evidence: string | null
  failed_inspections: number
  alarm: string | null
  point: string | null
  facility: string | null
  party: string | null
  history: TicketNote[]
  version: number
}

export interface PlanStep {
  id: string
  name: Text
  do?: { set: string; to: 'safe' | 0 | 1 } | null
  notify?: string[]
  who?: string | null
  within?: number
  proof?: string
}

export interface Plan {
  id: string
  name: Text
  kind: string
  version: number
  approved?: { by: string; on: string } | null
  next_revision?: string | null
  organisation?: { commander: string; roles: string[] } | null
  levels: Partial<Record<Grade, { steps: PlanStep[] }>>
  resources?: { id: string; name: Text; kind: string }[]
}

export type ActivationState = 'activated' | 'responding' | 'contained' | 'stood-down' | 'reviewed'
export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'late'

export interface MachineAction {
  command: string
  point: string
  value: number
  outcome: 'done' | 'refused' | 'failed' | 'expired' | null
  reason: string | null
  read_back: number | null
  answered_at: Instant | null
}

export interface StepProgress {
  id: string
  name: Text
  kind: 'machine' | 'notify' | 'person'
  who: string | null
  state: StepState
  due_at: Instant
  proof: string
  started_at: Instant | null
  done_at: Instant | null
  done_by: string | null
  note: string | null
  actions: MachineAction[]
}

export interface TimelineEntry {
  at: Instant
  by: string
  what: string
  detail: string
}

export interface Activation {
  id: string
  site: string
  plan: string
  plan_version: number
  plan_name: Text
  kind: string
  level: Grade
  zone: string
  state: ActivationState
  cause: string
  reason: string
  commander: string
  activated_at: Instant
  steps: StepProgress[]
  timeline: TimelineEntry[]
  alarms: string[]
  drill: boolean
  stood_down_at: Instant | null
  version: number
}

export interface Refusal {
  source: string
  reason: string
  count: number
  last: Instant | number | null
}

export interface GatewayStatus {
  id: string
  name?: Text | null
  online: boolean | null
  epoch?: number
  since?: Instant | number | null
  version?: string | null
  spooled?: number | null
  counters?: Record<string, number>
  refusals?: Refusal[]
  devices?: Record<string, { last: Instant | number | null; ok: boolean | null; error?: string | null }>
}

export interface ServiceStatus {
  name: string
  state: string
  restarts: number
  since: Instant | number | null
  reason: string
  next_try: Instant | number | null
}

export interface AccessEvent {
  point: string
  zone: string
  t: Instant
  type: string
  card: string | null
  person: string | null
  doors: string[]
  reason: string | null
}

export interface QuarantineRow {
  consumer?: string
  source: string
  reason: string
  count: number
  first: Instant | number
  last: Instant | number
  sample?: string | null
}

/** What the server pushes on `/api/v1/live`. */
export type LiveMessage =
  | { type: 'hello'; event: number | null; now: Instant | number }
  | { type: 'ping'; now: Instant | number }
  | { type: 'resync' }
  | { type: 'alarm'; event: number; change: string; object: Alarm }
  | { type: 'ticket'; event: number; change: string; object: Ticket }
  | { type: 'plan'; event: number; change: string; object: Activation }
  | { type: 'readings'; values: [string, number, number | null, number][] }
  | { type: 'gateway'; object: GatewayStatus }
  | { type: 'services'; object: { services?: ServiceStatus[]; items?: ServiceStatus[] } }
