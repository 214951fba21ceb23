// Shows what the platform pushes (rules/notify/push.py) while no page is open; a tap opens its link.
self.addEventListener('push', (event) => {
  const { title, body, link, ref, urgent } = event.data.json()
  const vibrate = urgent ? [400, 200, 400, 200, 400] : [200]
  const options = { body, tag: ref, data: { link }, icon: '/icon.svg', requireInteraction: urgent, vibrate }
  event.waitUntil(self.registration.showNotification(title, options))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(self.clients.openWindow(event.notification.data.link))
})
