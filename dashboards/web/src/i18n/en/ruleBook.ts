/** Rules as a book: what they say, a change and its trial, versions of the site file. */
export default {
  ruleBook: {
    title: 'Rules', open: 'Rules', search: 'Find a rule', none: 'No rule matches.', points: '{n} points', often: '{n}× in 7 days', ticketsOnly: 'ticket only',
    unwatched: '{n} points no rule watches', watched: '{n} of {of} points are watched; outputs are commanded', showUnwatched: 'Show them',
    risk: 'Risk', condition: 'Condition', delays: 'Delays', delay: 'raised after {on} s, over after {off} s', during: 'Only during', cause: 'Cause', consequence: 'Consequence', action: 'Action', explains: 'Explains', watches: 'Points', lately: 'Lately',
    lines: 'In the site file', linesHow: 'Check it, try it on recorded readings, then apply. Nothing is alarmed by a trial.', noLines: 'The site file has no lines of its own for this rule, or it is being edited on disk: change it there.',
    check: 'Check', try: 'Try', tryOn: 'Try on the last', days: '{n} days', reason: 'Reason (required): it stays on record', apply: 'Apply', written: 'Written to the site file; the services take it within seconds.',
  },
  trial: {
    gathering: 'Gathering readings: {n}', replaying: 'Trying the rules on {n} readings…', failed: 'The trial failed.', summary: '{n} readings: {alarms} alarms and {tickets} tickets; {per} alarms in ten minutes, {peak} at most.', within: 'Within EEMUA 191.', beyond: 'More than EEMUA 191 finds acceptable.',
    both: '{n} the same as by the rules in force', onlyNew: '{n} only by the changed rules', onlyOld: '{n} only by the rules in force', more: '… {n} more',
  },
  versions: {
    title: 'Versions of the site file', open: 'Versions', none: 'No version is on record yet.', inForce: 'in force', edited: 'the file was edited', changed: 'What it changed', first: 'The first version on record, or one that can no longer be read.', back: 'Going back to it would change', restore: 'Go back to this version',
    added: 'is new', removed: 'is gone', same: 'No difference.', unset: 'not given',
    section: { rules: 'Rule', zones: 'Place', gateways: 'Gateway', devices: 'Device', people: 'Person', parties: 'Party', facilities: 'Facility', plans: 'Plan', risks: 'Risk', calendars: 'Calendar', site: 'Site', roster: 'Roster', notifications: 'Notifications', schedules: 'Maintenance', checklists: 'Checklist', routes: 'Route', drills: 'Drill', qualifications: 'Qualification', trainings: 'Training', tickets: 'Tickets', holidays: 'Holidays' },
  },
}
