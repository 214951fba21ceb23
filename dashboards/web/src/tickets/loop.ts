/** The closed loop of a ticket (问题-整改-复查): which step is open to whom. The server decides; this only offers. */
import type { RoleName, Ticket, TicketState } from '@/api/types'
import { may, type Action } from '@/people/rights'

export type TicketAction = 'assign' | 'start' | 'rectify' | 'reinspect' | 'close' | 'reopen' | 'cancel' | 'merge'

interface LoopStep {
  action: TicketAction
  from: readonly TicketState[]
  right: Action
}

const NOT_DONE: readonly TicketState[] = ['reported', 'assigned', 'in-progress']

const LOOP: readonly LoopStep[] = [
  { action: 'start', from: ['reported', 'assigned'], right: 'work-ticket' },
  { action: 'rectify', from: ['in-progress'], right: 'work-ticket' },
  { action: 'reinspect', from: ['rectified'], right: 'inspect-ticket' },
  { action: 'close', from: ['re-inspected'], right: 'inspect-ticket' },
  { action: 'assign', from: NOT_DONE, right: 'assign-ticket' },
  { action: 'merge', from: NOT_DONE, right: 'assign-ticket' },
  { action: 'cancel', from: NOT_DONE, right: 'assign-ticket' },
  { action: 'reopen', from: ['closed'], right: 'inspect-ticket' },
]

export const OPEN_STATES: readonly TicketState[] = [...NOT_DONE, 'rectified', 're-inspected']

/** The states in order, as the progress line of a ticket shows them. */
export const LOOP_STATES: readonly TicketState[] = [...OPEN_STATES, 'closed']

export interface Offer {
  action: TicketAction
  /** Why it is shown but cannot be used by this person; null: it can. */
  refused: 'own-work' | null
}

/** The actions to show on `ticket` to a person with these roles; what is asked of them next comes first. */
export function offers(ticket: Ticket, username: string, roles: readonly RoleName[]): Offer[] {
  const found = LOOP.filter((step) => step.from.includes(ticket.state) && may(roles, step.right)).map((step): Offer => ({
    action: step.action,
    refused: step.action === 'reinspect' && hasWorkedOn(ticket, username) ? 'own-work' : null,
  }))
  // a ticket nobody has is given to somebody before whoever could do so begins on it themselves
  const first = ticket.assignee === null ? found.find((offer) => offer.action === 'assign') : undefined
  return first ? [first, ...found.filter((offer) => offer !== first)] : found
}

/** What is asked of this person now, or of whom it is asked instead. */
export function asked(ticket: Ticket, username: string, roles: readonly RoleName[]): Offer | null {
  const next = offers(ticket, username, roles)[0]
  if (!next || next.refused || next.action === 'merge' || next.action === 'cancel' || next.action === 'reopen') return null
  if (next.action === 'assign') return ticket.assignee === null ? next : null
  const theirs = next.action === 'start' || next.action === 'rectify' ? ticket.assignee === username || ticket.assignee === null : true
  return theirs ? next : null
}

function hasWorkedOn(ticket: Ticket, username: string): boolean {
  return ticket.history.some((note) => note.change === 'rectify' && note.by === username) || ticket.work.some((work) => work.by === username)
}

export function isOpen(ticket: Ticket): boolean {
  return OPEN_STATES.includes(ticket.state)
}

export type Deadline = { kind: 'respond' | 'complete'; at: string } | null

/** The next deadline that still counts: first the response, then the completion. */
export function nextDeadline(ticket: Ticket): Deadline {
  if (!NOT_DONE.includes(ticket.state)) return null
  if (ticket.responded_at === null) return { kind: 'respond', at: ticket.respond_by }
  return { kind: 'complete', at: ticket.complete_by }
}
