/** What each role may ask for; the same table as `community/people.py` (a test compares them). The server decides. */
import type { RoleName } from '@/api/types'

export type Action =
  | 'view'
  | 'acknowledge-alarm'
  | 'shelve-alarm'
  | 'isolate'
  | 'work-ticket'
  | 'assign-ticket'
  | 'inspect-ticket'
  | 'create-ticket'
  | 'activate-plan'
  | 'work-step'
  | 'stand-down-plan'
  | 'take-command'
  | 'retire-card'
  | 'manage-users'
  | 'view-quarantine'
  | 'make-backup'
  | 'change-roster'
  | 'choose-notifications'
  | 'swap-duty'
  | 'run-drill'
  | 'record-training'
  | 'keep-register'
  | 'walk-round'
  | 'grade-risk'
  | 'change-rules'
  | 'export-readings'
  | 'import-readings'

export const RIGHTS: Record<RoleName, readonly Action[]> = {
  manager: [
    'view',
    'acknowledge-alarm',
    'shelve-alarm',
    'create-ticket',
    'work-ticket',
    'assign-ticket',
    'inspect-ticket',
    'work-step',
    'take-command',
    'retire-card',
    'view-quarantine',
    'change-roster',
    'choose-notifications',
    'swap-duty',
    'record-training',
    'keep-register',
    'walk-round',
    'export-readings',
  ],
  crew: ['view', 'create-ticket', 'work-ticket', 'work-step', 'choose-notifications', 'swap-duty', 'walk-round'],
  'safety-officer': [
    'view',
    'acknowledge-alarm',
    'shelve-alarm',
    'isolate',
    'create-ticket',
    'inspect-ticket',
    'activate-plan',
    'work-step',
    'stand-down-plan',
    'take-command',
    'retire-card',
    'view-quarantine',
    'change-roster',
    'choose-notifications',
    'swap-duty',
    'run-drill',
    'record-training',
    'keep-register',
    'walk-round',
    'grade-risk',
    'change-rules',
    'export-readings',
  ],
  supervisor: ['view', 'inspect-ticket', 'choose-notifications', 'walk-round', 'export-readings'],
  administrator: ['view', 'manage-users', 'view-quarantine', 'make-backup', 'choose-notifications', 'change-rules', 'export-readings', 'import-readings'],
}

export const ROLES = Object.keys(RIGHTS) as RoleName[]

export function may(roles: readonly RoleName[], action: Action): boolean {
  return roles.some((role) => RIGHTS[role].includes(action))
}
