export default {
  overview: {
    buildings: 'Buildings and areas', noZones: 'The site file has no zones yet.', noAlarm: 'No alarms', noAlarmThen: 'No alarms before the loss', andMore: ' and {n} more',
    devices: '{n} devices', points: '{n} points', unknown: '{n} unknown', noValues: 'Values',
    key: { fill: 'Fullest bin', binTemperature: 'Bin temp.', temperature: 'Warmest', co2: 'CO₂', level: 'Water level', pm25: 'PM2.5', pressure: 'Pressure', noise: 'Noise', humidity: 'Humidity' },
  },
  place: { all: 'All', unknown: 'No usable data', choose: 'Filter by kind', alarms: 'Alarms here', noPoints: 'There are no points here.', allKnown: 'Every point here has usable data.', none: 'There is no such place.' },
  family: { access: 'Access', environment: 'Environment', fire: 'Fire', waste: 'Waste', system: 'Equipment' },
  points: {
    alarms: 'Alarms of this point', ago: ' ago', source: 'Where it comes from', place: 'Place', family: 'Kind', device: 'Device', gateway: 'Gateway', plausible: 'Plausible range',
    siblings: 'Other points of this device', none: 'There is no such point.', state: { 0: 'No', 1: 'Yes' },
  },
  quality: {
    good: 'Good', uncertain: 'Uncertain', outOfRange: 'Out of range', stale: 'Stale', communicationFailure: 'Communication failure',
    clockSuspect: 'Clock suspect', simulated: 'Simulated', testMode: 'Test mode', disabled: 'Disabled',
  },
  missing: {
    never: 'No data yet', noPoint: 'Not in the site file any more', event: 'Events only', noValue: 'No value', uncertain: 'Uncertain', outOfRange: 'Out of range', stale: 'Stale',
    communicationFailure: 'Communication failure', clockSuspect: 'Clock suspect', simulated: 'Simulated', testMode: 'Test mode', disabled: 'Disabled',
  },
  chart: { label: 'History of {name}', hour: '1 h', day: '24 h', week: '7 d', month: '30 d', rangeLabel: 'Time range', mean: 'Mean', range: 'Range', value: 'Now', empty: 'No data in this time', coverage: 'Coverage {share}: {covered} of {expected} readings, one each {every} expected', coverageMeans: 'How many of the readings that were due are there and usable', missing: '{share} of its readings' },
  access: { title: 'At the doors', day: 'last 24 h', none: 'Nothing in the last 24 h.', granted: 'Granted', denied: 'Denied', unknown: 'Unknown card', opened: 'Opened', forced: 'Forced open', card: { read: 'Card read' } },
}
