import alarms from './alarms'
import frame from './frame'
import headcount from './headcount'
import interlocks from './interlocks'
import losses from './losses'
import notifications from './notifications'
import plans from './plans'
import platform from './platform'
import rules from './rules'
import tickets from './tickets'
import ticketWork from './ticketWork'
import watching from './watching'

export default { ...frame, ...watching, ...alarms, ...tickets, ...ticketWork, ...plans, ...platform, ...losses, ...interlocks, ...headcount, ...notifications, ...rules }
