export default {
  push: {
    title: 'Push to phones and browsers', none: 'No device gets pushes yet.', unnamed: 'Device without a name', since: 'since {time}', remove: 'Switch off',
    label: 'What you call this device', add: 'Push to this device',
    cannot: 'This browser knows no push, or the page did not come over HTTPS.', notYet: 'The alarm service has not run yet; try again later.',
    refused: 'The browser did not allow it: allow notifications of this site in its settings.',
    what: 'They come while no page is open. The browser maker passes them on, encrypted; they come after the channels of the site file unless you choose them first under My notifications.',
  },
}
