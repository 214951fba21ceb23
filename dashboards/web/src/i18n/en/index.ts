import alarms from './alarms'
import frame from './frame'
import plans from './plans'
import platform from './platform'
import rules from './rules'
import tickets from './tickets'
import watching from './watching'

export default { ...frame, ...watching, ...alarms, ...tickets, ...plans, ...platform, ...rules }
