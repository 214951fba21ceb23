/**
 * The API's shapes under the page's names. `schema.d.ts` is generated from the API's own description
 * (`npm run types`); here are only names for it, and narrower types where the description says no more than `string`.
 */
import type { components } from './schema'

type Schemas = components['schemas']
type Narrow<T, Narrower> = Omit<T, keyof Narrower> & Narrower

/** RFC 3339, UTC. */
export type Instant = string

export type Text = Omit<Schemas['Text'], 'en'> & { en?: string }
export interface List<T> {
  items: T[]
  next?: string | null
}

export type RoleName = Schemas['Role']
export type User = Schemas['Person']
export type Session = Schemas['SessionOut']
export type Account = Schemas['UserOut']
export type Site = Schemas['SiteOut']
export type Named = Schemas['NamedOut']
export type Zone = Narrow<Schemas['ZoneOut'], { building: string | null }>

export type Family = Schemas['Family']
export type ValueKind = Schemas['ValueKind']
export type Point = Schemas['PointOut']
export type Bucket = Schemas['BucketOut']
export type Series = Schemas['SeriesOut']
export type Import = Schemas['ImportOut']
export type RuleOfPoint = Schemas['RuleOfPoint']

export type Grade = Schemas['Grade']
export type AlarmState = Schemas['AlarmState']
export type Alarm = Schemas['AlarmOut']
export type Unrecorded = Schemas['UnrecordedOut']
export type UnrecordedAlarm = Schemas['UnrecordedAlarmOut']
export type Flood = Schemas['FloodOut']
export type Suppression = Schemas['SuppressionOut']
export type AlarmLoad = Schemas['AlarmLoadOut']
export type Rule = Schemas['RuleOut']
export type RuleDetail = Schemas['RuleDetail']
export type RuleVersion = Schemas['RuleVersionOut']
export type RuleCoverage = Schemas['RuleCoverage']
export type Checked = Schemas['Checked']
export type Difference = Schemas['DifferenceOut']
export type Trial = Schemas['TrialOut']
export type SiteVersion = Schemas['SiteVersionOut']
export type VersionDetail = Schemas['VersionDetail']
export type Evaluation = Schemas['EvaluationOut']
export type Safety = Schemas['SafetyOut']
export type Cause = Schemas['CauseOut']
export type JournalEntry = Schemas['JournalOut']

export type TicketState = Schemas['TicketState']
export type Ticket = Narrow<Schemas['TicketOut'], { priority: Grade }>

export type PlanStep = Schemas['PlanStepOut']
export type Plan = Narrow<Schemas['PlanOut'], { levels: Partial<Record<Grade, Schemas['LevelOut']>> }>

export type ActivationState = Schemas['ActivationState']
export type StepState = Schemas['StepState']
export type MachineAction = Narrow<
  Schemas['MachineActionOut'],
  { outcome: 'done' | 'refused' | 'failed' | 'expired' | null }
>
export type StepProgress = Narrow<
  Schemas['StepOut'],
  { kind: 'machine' | 'notify' | 'person'; actions: MachineAction[] }
>
export type Activation = Narrow<Schemas['ActivationOut'], { level: Grade; steps: StepProgress[]; restoring: MachineAction[] }>

export type PlanSuggestion = Schemas['SuggestionOut']
export type OldCard = Schemas['CardOut']
export type Staff = Schemas['StaffOut']
export type PlanStaff = Schemas['PlanStaffOut']

export type Drill = Narrow<Schemas['DrillOut'], { level: Grade }>
export type DrillScore = Schemas['ScoreOut']
export type DrillDue = Schemas['DrillDue']
export type Facility = Schemas['FacilityOut']
export type FacilityDetail = Schemas['FacilityDetail']
export type Renewal = Schemas['FacilityRenewal']
export type RenewalPlan = Schemas['RenewalPlan']
export type Round = Schemas['RoundOut']
export type RoundAnswer = Schemas['AnswerOut']
export type Route = Schemas['RouteOut']
export type RoundOutcome = Schemas['ItemOutcome']
export type Risk = Schemas['RiskOut']

export type Trainings = Schemas['TrainingsOut']
export type Reminder = Schemas['ReminderOut']

export type Notification = Schemas['NotificationOut']
export type Escalation = Schemas['EscalationOut']
export type Roster = Schemas['RosterOut']
export type Reach = Schemas['ReachOut']
export type NotificationPreferences = Schemas['PreferencesOut']

export type Push = Schemas['PushOut']

export type Headcount = Schemas['HeadcountOut']
export type HeadcountRow = Schemas['RowOut']
export type AccessEvent = Schemas['AccessEventOut']
export type GatewayStatus = Schemas['GatewayOut']
export type GatewayLoss = Schemas['LossOut']
export type FoundDevices = Schemas['FoundOut']
export type FoundDevice = Schemas['FoundDeviceOut']
export type InterlockState = Schemas['InterlockOut']
export type CommandStatus = Schemas['CommandOut']
export type SiteFileStatus = Schemas['SiteFileOut']
export type ServiceStatus = Schemas['ServiceOut']
export type QuarantineRow = Schemas['QuarantineOut']

/** What the server pushes on `/api/v1/live`; OpenAPI describes no WebSocket, so this is written by hand. */
export type LiveMessage =
  | { type: 'hello'; event: number | null; now: Instant | number }
  | { type: 'ping'; now: Instant | number }
  | { type: 'resync' }
  | { type: 'alarm'; event: number; change: string; object: Alarm }
  | { type: 'unrecorded'; object: Unrecorded }
  | { type: 'suppression'; event: number; change: string; object: Suppression }
  | { type: 'ticket'; event: number; change: string; object: Ticket }
  | { type: 'drill' | 'headcount'; event: number; change: string; object: { id: string } }
  | { type: 'plan'; event: number; change: string; object: Activation }
  | { type: 'readings'; values: [point: string, t: number, x: number | null, quality: number][] }
  | { type: 'gateway'; object: GatewayStatus }
  | { type: 'services'; object: { items: ServiceStatus[] } }
