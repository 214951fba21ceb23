export default {
  alarms: {
    flood: { now: '{n} alarms in ten minutes.', how: 'High alarms stand alone on top; the others are gathered by place.' },
    unrecorded: {
      many: 'Alarms not on record: {n}', how: 'The platform cannot save anything now: no acknowledgement yet, no ticket, no plan. Act, and call your colleagues.', waits: 'Can be acknowledged once the platform saves again. ', told: 'Told: {names}',
      silent: 'The alarm service has not been heard since {time}: this may have changed.', leftOff: '{n} of them are not listed.',
    },
    consequences: '{n} consequences', consequencesHow: 'No call and no ticket of their own while this alarm stands; what still stands then calls.', follows: 'Follows from',
    open: 'Open alarms', count: '{all} · {unseen} unacknowledged', none: 'There are no alarms.', noneThen: 'There were no alarms when the connection was lost; what has happened since is unknown.', neverAny: 'No alarm has been recorded yet.', noneFiltered: 'No alarm matches.', more: '{n} more',
    spoken: 'High alarm: {message}, {place}',
    advice: 'Do: ', advised: 'Advised action', cause: 'Likely cause', consequence: 'May lead to', place: 'Place', raisedAt: 'Raised', raisedBy: 'Value', raisedByNone: 'none: something did not come, or other alarms together', rule: 'Rule', ticket: 'Ticket', activation: 'Response', points: 'Points', history: 'History',
    anyGrade: 'Any grade', anyPlace: 'Any place',
    view: { label: 'Which alarms', open: 'Open', unseen: 'To acknowledge', suppressed: 'Suppressed', all: 'Record' },
    acknowledge: { do: 'Acknowledge', title: 'Acknowledge alarm', note: 'Note (optional)', confirm: 'Acknowledge' },
    reset: { do: 'Reset', title: 'Reset alarm', note: 'Reason (required): what was seen on the spot', confirm: 'Reset' },
    happened: { raised: 'Raised', raisedAgain: 'Raised again', reset: 'Reset', acknowledged: 'Acknowledged', cleared: 'Condition cleared' },
  },
  alarmState: {
    normal: 'Ended', unacknowledged: 'Unacknowledged', acknowledged: 'Acknowledged, still standing', 'returned-unacknowledged': 'Cleared, unacknowledged', latched: 'Cleared, waiting for reset',
  },
}
