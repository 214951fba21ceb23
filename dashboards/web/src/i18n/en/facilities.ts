export default {
  facilities: {
    code: 'QR code', codeHow: 'Print it and put it on the facility: residents report what is wrong without signing in.',
    register: 'Register', inspections: 'Inspections', renewals: 'Renewals', risks: 'Risks',
    all: 'All', category: 'Category', zone: 'Place', party: 'Responsible party', escalation: 'Escalates to', installed: 'Installed', life: 'End of life', assumedLife: '(life as the guide says)', unknownAge: 'unknown',
    none: 'No facility fits.', notHere: 'There is no such facility.', openTickets: '{n} open tickets', overdueTickets: '{n} overdue', openAlarms: '{n} alarms',
    points: 'Sensors', noPoints: 'No sensor is linked.', schedules: 'Maintenance', noSchedules: 'No maintenance is scheduled.', nextAt: 'next {time}', hours: '{figure} h of running, next at {next} h', starts: '{figure} starts, next at {next}', notCounted: 'nothing counted yet',
    tickets: 'Tickets of the last 12 months', noTickets: 'No tickets.', spent: 'parts: {cost} yuan', history: 'Inspections', noHistory: 'Never inspected yet.', overdue: 'overdue', dueBy: 'due {time}',
    documents: 'Documents', noDocuments: 'No documents.', addDocument: 'Add a document', documentKinds: 'PDF, JPEG or PNG, up to 20 MB', kilobytes: '{n} kB',
  },
  facilityCategory: {
    fire: 'Fire', lift: 'Lifts', water: 'Water', electricity: 'Electricity', gas: 'Gas', lighting: 'Lighting', ventilation: 'Ventilation', 'barrier-free': 'Barrier-free', access: 'Access', waste: 'Waste', 'elderly-care': 'Elderly care', 'child-care': 'Child care', sports: 'Sports', 'service-centre': 'Service centre', 'public-space': 'Public space', other: 'Other',
  },
  renewals: { overdue: 'Overdue', year: '{year}', cost: '{cost} yuan', unestimated: '{n} without an estimate', unknown: 'Age unknown', none: 'Nothing has to be renewed.', total: 'Estimated cost' },
  rounds: {
    routes: 'Routes', start: 'Start now', open: 'Open rounds', done: 'Done rounds', none: 'No rounds.', stops: '{n} stops', next: 'next {time}', unplanned: 'when needed',
    overdue: 'Overdue since {time}', due: 'due by {time}', planned: 'planned for {time}', late: 'planned late', left: '{left} of {all} left', failed: '{n} failed', by: 'by {who}', begin: 'Begin the round', finish: 'Finish the round', finished: 'Finished {time}',
    value: 'Value', limits: '{low} to {high} {unit}', note: 'What is wrong', photo: 'Photo', unreadable: 'This picture cannot be read.', save: 'Save failure', ticket: 'Open the ticket', notHere: 'There is no such round.', needsValue: 'Fill in the value first.',
  },
  roundState: { planned: 'Due', 'under-way': 'Under way', done: 'Done' },
  outcome: { pass: 'Good', fail: 'Failed', 'not-applicable': 'Not applicable' },
  risks: {
    likelihood: 'Likelihood', severity: 'Severity', none: 'The register is empty.', owner: 'Owner', plan: 'Emergency plan', noPlan: 'none', controls: 'Controls', review: 'Next review', reviewOverdue: 'review overdue', assessed: 'Assessed', source: 'Source',
    figures: 'Last 12 months: {alarms} alarms, {tickets} tickets, {failed} failed inspections', cleared: 'half of them cleared within {minutes} min', propose: 'The history speaks for {likelihood} × {severity} ({grade})', decide: 'Decide', decideTitle: 'Grade: {name}', reason: 'Why (required)', confirm: 'Record the decision', decisions: 'Decisions', decided: '{likelihood} × {severity} by {who}: {reason}', facilities: 'Facilities',
  },
  riskSource: { food: 'Food', people: 'People', equipment: 'Equipment', environment: 'Environment', process: 'Process' },
  riskReason: { events: 'alarms come more often than was assumed', 'no-events': 'nothing happened in a whole year', 'slow-to-clear': 'half of the alarms took over an hour to clear', 'failed-inspections': 'inspections failed three times or more' },
}
