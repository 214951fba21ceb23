export default {
  tickets: {
    priority: 'Priority', priorityIs: '{grade} priority', nobody: 'Nobody yet', assignee: 'Assigned to', facts: 'Ticket', history: 'History', loop: 'Problem, fix, re-inspection',
    reportedAt: 'Reported', respondBy: 'Respond by', respondedAt: 'responded {time}', completeBy: 'Complete by', evidence: 'Evidence', failedInspections: 'Failed re-inspections',
    alarm: 'From alarm', openAlarm: 'Open the alarm', point: 'Point', number: 'Number',
    view: { label: 'Which tickets', open: 'Open', mine: 'Mine', all: 'Record' },
    none: { open: 'There are no open tickets.', mine: 'No ticket is assigned to you.', all: 'There are no tickets yet.' },
    due: { respond: 'respond within {span}', complete: 'complete within {span}' },
    overdue: { respond: 'response {span} late', complete: '{span} overdue' },
    do: { assign: 'Assign', start: 'Start work', rectify: 'Fixed', reinspect: 'Re-inspect', close: 'Close', reopen: 'Reopen', cancel: 'Cancel ticket', merge: 'Merge' },
    words: {
      assign: 'Note', start: 'Note', rectify: 'Evidence: what was done and seen', reinspectPassed: 'Note', reinspectFailed: 'What is still wrong', close: 'Note', reopen: 'What has come again', cancel: 'Why it is cancelled', merge: 'Why it is the same problem',
    },
    assignTo: 'Assign to', assignHint: 'Choose or type a user name', result: 'Result', passed: 'Passed', failed: 'Failed',
    refused: { 'own-work': 'Whoever fixed it may not re-inspect it; somebody else has to look.' },
    happened: { rated: 'Rated by a resident', reported: 'Reported', assign: 'Assigned', start: 'Work started', rectify: 'Fixed', pass: 'Re-inspection passed', fail: 'Re-inspection failed', close: 'Closed', cancel: 'Cancelled', merge: 'Merged', note: 'Note', 'clock-set': 'Clock set, deadlines moved with it', 'condition-cleared': 'Condition cleared', 'raised-again': 'Raised again', reopen: 'Reopened', comment: 'Comment', photo: 'Photo', work: 'Hours and parts', 'merged-in': 'Another ticket merged in', 'planned-late': 'Made late, after it was due', 'nobody-fits': 'Nobody on duty fits: assign it', 'late-respond': 'Response late', 'late-respond-limit': 'Nobody answered within 24 h', 'late-complete': 'Overdue' },
    create: { do: 'Report a problem', title: 'Report a problem', where: 'Where', what: 'What is wrong', more: 'Details', choose: 'Choose a place' },
  },
  ticketState: {
    reported: 'Reported', assigned: 'Assigned', 'in-progress': 'In progress', rectified: 'Fixed', 're-inspected': 'Re-inspected', closed: 'Closed', cancelled: 'Cancelled', merged: 'Merged',
  },
}
