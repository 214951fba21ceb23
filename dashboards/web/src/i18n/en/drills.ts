export default {
  drills: {
    title: 'Drills', none: 'There are no drills yet.', plan: 'Plan a drill', due: 'How often', last: 'last {date}', never: 'none on record', next: 'next by {date}', overdue: 'overdue ({date})', planned: 'planned: {time}',
    kind: 'Kind', of: 'Plan', level: 'Level', where: 'Where', when: 'When', content: 'What is practised', who: 'Who takes part', scenario: 'Simulated scenario', devices: 'Devices in test', devicesWhy: 'They are in test mode during the drill: what they report is the drill\'s, and real alarms do not look at them.',
    physical: 'Devices really move', physicalWhy: 'Doors really open and sirens really sound. Otherwise they are only simulated.', physicalOn: 'Devices really move', simulated: 'Nothing moves; actions are simulated',
    start: 'Begin the drill', startSure: 'The plan comes into force as a drill. Every screen, message and command says [DRILL].', go: 'Open the drill', cancel: 'Cancel the drill', cancelWhy: 'Reason (required)',
    suspended: 'Stopped by a real emergency', suspendedBy: 'Open the real emergency', score: 'Score', notYet: 'not yet', soFar: '{done} of {total} steps in time so far', percent: '{n}% of the steps in time', first: 'First answer', allowed: 'allowed', took: 'took', missed: 'not done', told: '{told} people told, {missed} not reached',
    evaluate: 'Evaluate', evaluation: 'Evaluation (required): what went well, what did not, what changes', findings: 'Improvements', findingsWhy: 'Each becomes a ticket.', addFinding: 'Add one', finding: 'What is to be better', save: 'Complete the evaluation', evaluationTitle: 'Evaluation', ticket: 'Open the ticket', history: 'What happened', stepLate: '{name} was not done in time',
  },
  drillKind: { fire: 'Fire drill', evacuation: 'Evacuation drill', 'natural-disaster': 'Natural disaster drill', 'safety-accident': 'Safety accident drill', 'public-health': 'Public-health drill' },
  drillState: { planned: 'Planned', running: 'Running', suspended: 'Stopped', ended: 'To be evaluated', evaluated: 'Evaluated', cancelled: 'Cancelled' },
  drillEvent: { start: 'Begun', suspend: 'Stopped', resume: 'Goes on', end: 'Ended', evaluate: 'Evaluated', cancel: 'Cancelled' },
  trainings: {
    title: 'Training', needs: 'Needed on duty', until: 'valid until {date}', record: 'Record a training', records: 'Records', none: 'No training has been recorded here yet.', person: 'Person', what: 'Training', on: 'Day', form: 'Form', note: 'Note', expires: 'Valid until, by the certificate (optional)', save: 'Record', withdraw: 'Withdraw',
    refuse: 'nobody is on duty without it', warn: 'a warning without it', noneNeeded: 'No duty needs a training.',
  },
  trainingForm: { theory: 'Theory', practice: 'Practice', 'case-study': 'Case study' },
  trainingContent: { law: 'Law', 'safety-knowledge': 'Safety knowledge', 'emergency-skills': 'Emergency skills', 'operating-rules': 'Operating rules' },
  standing: { valid: 'Valid', expiring: 'Expires soon', expired: 'Expired', missing: 'Not trained' },
  reminders: { title: 'Due', overdue: 'Overdue', due: 'due {date}' },
  levels: { change: 'Change level', title: 'Change the level', reason: 'Reason (required)', confirm: 'Change', read: 'Open', report: 'Report' },
}
