/** Rules: what watches a point. */
export default {
  rules: {
    title: 'Rules watching this point', none: 'No rule watches this point: nothing is raised when it goes wrong.', loading: 'Loading…', plan: 'Plan',
    onDelay: 'raised after {span}', offDelay: 'over after {span}', during: 'only during {hours}', together: 'judged with other points ({scope})', latch: 'reset by hand',
    reAlarm: 'asks again {span} after acknowledgement', overridden: 'differs here from the rule in general',
    calendar: { day: 'the day', night: 'the night', weekdays: 'Monday to Friday', weekend: 'the weekend', workdays: 'working days', 'rest-days': 'days of rest', holiday: 'public holidays', 'working-hours': 'working hours' },
  },
}
