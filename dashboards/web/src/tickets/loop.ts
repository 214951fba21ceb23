/** The closed loop of a ticket (问题-整改-复查): which step is open to whom. The server decides; this only offers. */
import type { RoleName, Ticket, TicketState } from '@/api/types'
import { may, type Action } from '@/people/rights'

export type TicketAction = 'assign' | 'start' | 'rectify' | 'reinspect' | 'close' | 'cancel'

interface LoopStep {
  action: TicketAction
  from: readonly TicketState[]
  right: Action
}

const LOOP: readonly LoopStep[] = [
  { action: 'assign', from: ['reported', 'assigned', 'in-progress'], right: 'assign-ticket' },
  { action: 'start', from: ['reported', 'assigned'], right: 'work-ticket' },
  { action: 'rectify', from: ['in-progress'], right: 'work-ticket' },
  { action: 'reinspect', from: ['rectified'], right: 'inspect-ticket' },
  { action: 'close', from: ['re-inspected'], right: 'inspect-ticket' },
  { action: 'cancel', from: ['reported', 'assigned', 'in-progress'], right: 'assign-ticket' },
]

export const OPEN_STATES: readonly TicketState[] = ['reported', 'assigned', 'in-progress', 'rectified', 're-inspected']

/** The states in order, as the progress line of a ticket shows them. */
export const LOOP_STATES: readonly TicketState[] = [...OPEN_STATES, 'closed']

export interface Offer {
  action: TicketAction
  /** Why it is shown but cannot be used by this person; null: it can. */
  refused: 'own-work' | null
}

/** The actions to show on `ticket` to a person with these roles. */
export function offers(ticket: Ticket, username: string, roles: readonly RoleName[]): Offer[] {
  return LOOP.filter((step) => step.from.includes(ticket.state) && may(roles, step.right)).map((step) => ({
    action: step.action,
    refused: step.action === 'reinspect' && ticket.rectified_by === username ? 'own-work' : null,
  }))
}

export function isOpen(ticket: Ticket): boolean {
  return OPEN_STATES.includes(ticket.state)
}

export type Deadline = { kind: 'respond' | 'complete'; at: string } | null

/** The next deadline that still counts: first the response, then the completion. */
export function nextDeadline(ticket: Ticket): Deadline {
  if (!isOpen(ticket)) return null
  if (ticket.responded_at === null) return { kind: 'respond', at: ticket.respond_by }
  return { kind: 'complete', at: ticket.complete_by }
}
