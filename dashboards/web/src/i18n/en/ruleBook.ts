/** Rules as a book: what they say, a change and its trial, versions of the site file. */
export default {
  ruleBook: {
    title: 'Rules', open: 'Rules', search: 'Find a rule', none: 'No rule matches.', points: '{n} points', often: '{n}× in 7 days', ticketsOnly: 'ticket only',
    unwatched: '{n} points no rule watches', watched: '{n} of {of} points are watched; outputs are commanded', showUnwatched: 'Show them',
    risk: 'Risk', condition: 'Condition', delays: 'Delays', delay: 'raised after {on} s, over after {off} s', during: 'Only during', cause: 'Cause', consequence: 'Consequence', action: 'Action', explains: 'Explains', watches: 'Points', lately: 'Lately',
    rationale: 'Why graded so', risks: 'Risks', suppressedBy: 'Not told twice', quietUnder: 'calls nobody under: {what}', suppressedByHow: 'Calls nobody while one of these stands in its zone or one around it:', inMaintenance: 'Calls nobody under maintenance', alwaysCalls: 'Always calls', alwaysCallsWhy: 'High, or fire: nothing suppresses it by design, nor does maintenance.', reAlarm: 'Asks again', reAlarmAfter: '{span} after it was acknowledged, if it still stands', looking: 'Look first', lookingHow: 'somebody answers within {acknowledge} and has {investigate} to look; then, without an answer, or with a second alarm the plan is in force', latch: 'Reset', latched: 'By hand, after somebody looked', per: 'Judged at',
    history: 'Changes of this rule', historyOf: 'in the last 30 versions of the site file', historyNone: 'It did not change in the last 30 versions of the site file.', lines1: 'Its lines then', gone: 'The rule is gone from here on', use: 'Edit with these lines', useHow: 'They go into the lines above: check, try, and apply with a reason.',
    scope: { point: 'each point', device: 'each device', zone: 'each zone', building: 'each building', site: 'the whole site' },
    lines: 'In the site file', linesHow: 'Check it, try it on recorded readings, then apply. Nothing is alarmed by a trial.', noLines: 'The site file has no lines of its own for this rule, or it is being edited on disk: change it there.',
    check: 'Check', try: 'Try', tryOn: 'Try on the last', days: '{n} days', reason: 'Reason (required): it stays on record', apply: 'Apply', written: 'Written to the site file; the services take it within seconds.',
  },
  trial: {
    gathering: 'Gathering readings: {n}', replaying: 'Trying the rules on {n} readings…', failed: 'The trial failed.',
    rates: 'What it asks of one person', changedRules: 'Changed', inForce: 'In force', atMost: 'at most {n}', aim: 'Aim', alarms: 'Alarms', tickets: 'Tickets', per: 'Per ten minutes, on average', peak: 'Most in ten minutes', within: 'Within EEMUA 191', beyond: 'Beyond EEMUA 191', period: '{begin} to {end}', readings: '{n} readings',
    warm: 'Readings from {warm} on, before that, were learnt from and not counted.', cold: 'Too little history: these could not judge at first:', stood: 'Stood already at the beginning, not counted: {n}',
    both: '{n} the same as by the rules in force', onlyNew: '{n} only by the changed rules', onlyOld: '{n} only by the rules in force', moved: '{n} by both, earlier or later', earlier: '{span} earlier', later: '{span} later', more: '… {n} more',
  },
  versions: {
    title: 'Versions of the site file', open: 'Versions', none: 'No version is on record yet.', inForce: 'in force', edited: 'the file was edited', changed: 'What it changed', first: 'The first version on record, or one that can no longer be read.', back: 'Going back to it would change', restore: 'Go back to this version',
    added: 'is new', removed: 'is gone', same: 'No difference.', unset: 'not given',
    section: { rules: 'Rule', zones: 'Place', gateways: 'Gateway', devices: 'Device', people: 'Person', parties: 'Party', facilities: 'Facility', plans: 'Plan', risks: 'Risk', calendars: 'Calendar', site: 'Site', roster: 'Roster', notifications: 'Notifications', schedules: 'Maintenance', checklists: 'Checklist', routes: 'Route', drills: 'Drill', qualifications: 'Qualification', trainings: 'Training', tickets: 'Tickets', holidays: 'Holidays' },
  },
}
