export default {
  evaluation: {
    title: 'Evaluation', period: 'Period', running: 'This period is not over: figures so far', report: 'Report', goal: 'Goal', met: 'met', missed: 'missed', of: 'of {n}', nothing: 'nothing to count', before: 'before', answer: 'Answer (median)', completed: 'Done in time', rules: 'Most frequent alarms', noTickets: 'No tickets in this period.',
  },
  kpi: {
    coverage: 'Coverage (now)', response: 'Response time (median)', 'response-p90': 'Response time (90 %)', 'response-in-time': 'Answered within two hours', 'response-over-a-day': 'Unanswered for over 24 h', satisfaction: 'Satisfaction', completion: 'Completion by the deadline', rectification: 'Findings rectified in time', availability: 'Availability of facilities', tickets: 'Tickets reported', 'alarms-high': 'High alarms', alarms: 'Alarms', 'alarms-acknowledged': 'Alarms a person acknowledged', 'alarm-response': 'Alarm to acknowledgement (median)', drills: 'Drills held', 'drills-overdue': 'Drills overdue', trainings: 'Trainings recorded', qualified: 'Qualifications that are valid',
  },
  safety: {
    title: 'Safety management', committee: 'Safety committee', none: 'The site file names no safety committee yet.', documents: 'Rules and records', noDocuments: 'The site file lists no documents yet.', owner: 'Owner', kept: 'Kept', reviewed: 'last reviewed {date}', review: 'next review {date}', overdue: 'review overdue', reviews: 'Reviews to be done', noReviews: 'No review is waiting.',
    responsibility: 'Responsibilities', answersFor: 'facilities: {n}', facilitiesOf: 'Show the facilities',
  },
  committeeRole: { chair: 'Responsible for safety', supervisor: 'Safety supervisor', inspector: 'Safety inspector', member: 'Member' },
  documentKind: { rule: 'Rules', procedure: 'Operating procedure', responsibility: 'Responsibility statement', license: 'Licence', record: 'Record' },
}
