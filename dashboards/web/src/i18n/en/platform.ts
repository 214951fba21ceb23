export default {
  platform: {
    services: 'Services', noServices: 'This installation has no supervisor (each service is deployed on its own).', restarts: '{n} restarts', quarantine: 'Quarantine', quarantineWhat: 'data that could not be trusted and were put aside', noQuarantine: 'The quarantine is empty.',
    source: 'Source', reason: 'Reason', count: 'Count', last: 'Last', sample: 'Sample', online: 'Online', offline: 'Offline', unheard: 'Not heard yet',
    siteRefused: 'The site file has mistakes: the change is not in force, the file before is', siteRefusedBy: 'Refused by: {who}', siteBehind: 'The site file has changed; this page still shows the names of the one before, until the API is started again',
    spooled: 'Frames waiting', messages: 'Messages', refused: 'Refused', devices: 'Devices', failing: 'Failing', device: 'Device', error: 'Error', lastHeard: 'Last heard', neverHeard: 'nothing heard from it yet', refusedFrom: 'Refused from',
  },
  users: {
    username: 'User name', name: 'Name', roles: 'Roles', state: 'State', isActive: 'May sign in', isDisabled: 'Disabled', create: 'New user', edit: 'Edit', disable: 'Disable', enable: 'Enable', save: 'Save',
    password: 'Password (at least 8 characters)', newPassword: 'New password (empty: unchanged)',
  },
}
