export default {
  resident: { title: 'Resident', notRated: 'No resident has rated it yet.', stars: '{n} of 5 stars', link: 'Link for whoever reported it' },
}
