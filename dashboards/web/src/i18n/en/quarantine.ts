export default {
  quarantine: {
    kept: 'Set aside', first: 'First', retry: 'Try again now', retrying: 'Trying again …', tried: 'tried again {at}, refused again',
    keptWhat: 'What is set aside is not lost: it is stored by itself once the site file or the clock is right.',
    by: { ingest: 'by the history', rules: 'by the rules' },
    reasons: {
      'the-site-file-has-no-such-point': 'the site file has no such point', 'the-point-belongs-to-another-gateway': 'the point belongs to another gateway', 'the-point-carries-events-not-values': 'the point carries events, not values', 'not-a-number-or-infinite': 'not a number, or infinite', 'too-far-in-the-future-check-the-clock': 'too far in the future: check the clock', 'too-long-ago-check-the-clock': 'too long ago: check the clock', 'a-gateway-the-site-file-does-not-name': 'a gateway the site file does not name', 'too-much-was-set-aside-the-oldest-is-lost': 'too much was set aside: the oldest is lost', 'records-damaged-on-the-disk-lost': 'records damaged on the disk: lost',
    },
  },
}
