export default {
  plans: {
    none: 'There are no emergency plans yet.', notHere: 'There is no such plan.', version: 'version {n}', versionWord: 'Plan version', steps: '{n} steps', revision: 'next revision {date}', revisionOverdue: 'revision overdue ({date})',
    activations: 'Activations', noActivation: 'No plan has been activated yet.', openActivation: 'Open the response',
    level: '{grade} level', levelWord: 'Level', within: 'within {span}', organisation: 'Organisation', commander: 'Commander', roles: 'Teams', approved: 'Approved', nextRevision: 'Next revision', resources: 'Resources',
    next: 'Next', handedOver: ', handed to {channel}', byChannel: ', {channel}: ', asRole: '{name} ({roles})', stepsTitle: 'Steps', stepsDone: '{done} of {all} done', stepsFailed: '{n} failed', stepsLate: '{n} late',
    leftOpen: '{n} steps are not done:', first: 'After: {steps}', reviewTicket: 'Review ticket',
    activatedAt: 'Activated', stoodDownAt: 'Stood down', cause: 'Cause', reason: 'Reason', alarms: 'Alarms',
    kind: { machine: 'Automatic', notify: 'Notify', person: 'By a person' },
    action: { to: 'command: {value}', waiting: 'waiting for an answer', done: 'done', refused: 'refused', failed: 'failed', expired: 'expired', notProven: 'done, but reads back differently', readBack: 'reads back: {value}', drill: 'drill, nothing moved' },
    finish: { do: 'Step done', note: 'Note (optional)', proof: 'Proof (required): what was done and seen', photo: 'This step asks for a photo', reading: 'The value that was read (required)', headcount: 'Done once two people confirm that nobody is missing' },
    activate: {
      do: 'Activate plan', where: 'Where', level: 'Level', machines: 'Happens at once, automatically:', confirm: 'Activate now',
    },
    restore: {
      title: 'Devices after the end', do: 'Switch back', left: 'Still as the plan left them: {names}', all: 'Everything the plan switched has been switched back.',
      sure: 'Switch back: doors lock again, sirens fall silent', reason: 'How it is known that nobody needs them any more (required)',
    },
    change: {
      activate: { do: 'Activate now', title: 'It is real: activate now', reason: 'What was seen (required)' },
      pause: { do: 'Pause', title: 'Pause the response', reason: 'Reason (required)' },
      resume: { do: 'Go on', title: 'Go on with the response', reason: 'Reason (required)' },
      contain: { do: 'Mark contained', title: 'The danger is contained', reason: 'How it is known (required)' },
      'stand-down': { do: 'Stand down', title: 'Stand down', reason: 'Reason (required)' },
      review: { do: 'Complete review', title: 'Review', reason: 'Report (required): what happened, what was learned, what changes' },
    },
  },
  planKind: { fire: 'Fire', 'natural-disaster': 'Natural disaster', 'safety-accident': 'Safety accident', 'public-health': 'Public health' },
  planRole: { commander: 'Commander', guide: 'Evacuation guides', liaison: 'Liaison', firefighting: 'Firefighting', 'first-aid': 'First aid', repair: 'Repair', cleaning: 'Disinfection', supplies: 'Supplies', 'duty-manager': 'Duty manager', maintenance: 'Maintenance on duty' },
  activationState: { standby: 'Standby', paused: 'Paused', activated: 'Activated', responding: 'Responding', contained: 'Contained', 'stood-down': 'Stood down', reviewed: 'Reviewed' },
  stepState: { waiting: 'Waiting', running: 'Running', done: 'Done', failed: 'Failed; now a person\'s', late: 'Late', dropped: 'Not needed at this level' },
  timeline: {
    'clock-set': 'Clock set, deadlines moved with it', 'left-open': 'Steps left open',
    'command-asked': 'Asked to command', 'command-asked-again': 'Asked again to command', 'command-unanswered': 'All were asked; nobody has taken command', 'command-taken': 'Takes command', 'command-taken-over': 'Takes command over from', 'command-offered': 'Hands command over to',
    'step-confirmed': 'confirmed by one', photo: 'photo taken', 'headcount-begun': 'headcount begun', 'headcount-confirmed': 'headcount confirmed by two', telling: 'telling people', told: 'told', 'not-told': 'not reached', title: 'Timeline', system: 'system', activated: 'Plan activated', 'alarm-joined': 'Alarm joined', commanded: 'Commanded', 'command-done': 'Command done', 'command-answered': 'Command answered', 'step-done': 'Step done', 'step-failed': 'Step failed', notified: 'Notified',
    'step-late': 'Step late', restore: 'Devices switched back', 'output-restored': 'Switched back', 'output-not-restored': 'Not switched back', contain: 'Contained', 'stand-down': 'Stood down', review: 'Review', standby: 'Waiting for somebody to look', investigating: 'Somebody looks', activate: 'In force', pause: 'Paused', resume: 'Goes on', 'resume-contained': 'Goes on, contained', 'called-again': 'Activated again; joined', 'gave-way': 'Drill gives way to a real emergency', 'level-up': 'Level raised', 'level-down': 'Level lowered', detected: 'Detected in the drill', respond: 'Responding',
  },
}
