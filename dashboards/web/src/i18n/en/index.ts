import alarms from './alarms'
import drills from './drills'
import frame from './frame'
import interlocks from './interlocks'
import losses from './losses'
import notifications from './notifications'
import plans from './plans'
import platform from './platform'
import rules from './rules'
import ticketWork from './ticketWork'
import tickets from './tickets'
import watching from './watching'

export default { ...frame, ...watching, ...alarms, ...tickets, ...plans, ...drills, ...platform, ...losses, ...interlocks, ...notifications, ...rules, ...ticketWork }
