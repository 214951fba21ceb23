import alarms from './alarms'
import frame from './frame'
import notifications from './notifications'
import plans from './plans'
import platform from './platform'
import tickets from './tickets'
import watching from './watching'

export default { ...frame, ...watching, ...alarms, ...tickets, ...plans, ...platform, ...notifications }
