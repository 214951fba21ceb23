/** How an activation goes: which states are in force, what may come next, and where it stands. */
import type { Activation, ActivationState, MachineAction, StepProgress } from '@/api/types'

/** The usual course; standby comes before it, and a pause may come in between. */
export const COURSE: readonly ActivationState[] = ['activated', 'responding', 'contained', 'stood-down', 'reviewed']

export type Change = 'activate' | 'contain' | 'pause' | 'resume' | 'stand-down' | 'review'

const CHANGES: Record<ActivationState, readonly Change[]> = {
  standby: ['activate', 'stand-down'],
  activated: ['stand-down', 'pause'],
  responding: ['contain', 'stand-down', 'pause'],
  contained: ['stand-down', 'pause'],
  paused: ['resume', 'stand-down'],
  'stood-down': ['review'],
  reviewed: [],
}

/** Not over: what stands on every page, standby and pause with it. */
export function inForce(activation: Activation): boolean {
  return activation.state !== 'stood-down' && activation.state !== 'reviewed'
}

/** What may come next; a drill ends in its evaluation, not in a review. */
export function changesOf(activation: Activation): readonly Change[] {
  return activation.drill && activation.state === 'stood-down' ? [] : CHANGES[activation.state]
}

/** The level may change while the plan is in force. */
export function mayChangeLevel(activation: Activation): boolean {
  return activation.state === 'activated' || activation.state === 'responding' || activation.state === 'contained'
}

/** A person may say "done": it is theirs, or the machine failed and it has become the commander's. */
export function personMayFinish(step: StepProgress): boolean {
  return isUnfinished(step) && step.kind !== 'machine'
}

/** The steps that come before it and are not done. */
export function waitsFor(activation: Activation, step: StepProgress): string[] {
  const open = new Set(activation.steps.filter(isUnfinished).map((one) => one.id))
  return (step.after ?? []).filter((id) => open.has(id))
}

export function isUnfinished(step: StepProgress): boolean {
  return step.state !== 'done' && step.state !== 'dropped'
}

export function progress(activation: Activation): { done: number; failed: number; late: number; all: number } {
  const count = (state: StepProgress['state']) => activation.steps.filter((s) => s.state === state).length
  return { done: count('done'), failed: count('failed'), late: count('late'), all: activation.steps.length - count('dropped') }
}

/** Outputs the plan switched and nobody has switched back yet. */
export function leftSwitched(activation: Activation): string[] {
  if (activation.drill && !activation.physical) return []
  const restored = new Set(activation.restoring.filter((action) => proven(action, false)).map((action) => action.point))
  const switched = activation.steps.flatMap((step) => step.actions.map((action) => action.point))
  return [...new Set(switched)].filter((point) => !restored.has(point))
}

/** The command was executed and the device, read back, says so. In a drill nothing moves, so nothing is read back. */
export function proven(action: Pick<MachineAction, 'outcome' | 'value' | 'read_back'>, drill: boolean): boolean {
  return action.outcome === 'done' && (drill || action.read_back === action.value)
}
