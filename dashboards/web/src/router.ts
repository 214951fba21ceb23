/** The pages and their addresses. The last part of an address never holds a dot: servers take that for a file. */
import { createRouter, createWebHistory, type RouteLocationRaw } from 'vue-router'
import { useSession } from '@/session/useSession'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('@/session/SignInPage.vue'), meta: { open: true } },
    { path: '/', name: 'overview', component: () => import('@/community/OverviewPage.vue') },
    { path: '/places/:zone', name: 'place', component: () => import('@/community/PlacePage.vue'), props: true },
    { path: '/points/:device/:measure', name: 'point', component: () => import('@/points/PointPage.vue'), props: true },
    { path: '/alarms', name: 'alarms', component: () => import('@/alarms/AlarmsPage.vue') },
    { path: '/alarm-journal', name: 'journal', component: () => import('@/alarms/JournalPage.vue') },
    { path: '/alarm-load', name: 'alarm-load', component: () => import('@/alarms/LoadPage.vue') },
    { path: '/rules', name: 'rules', component: () => import('@/rules/RulesPage.vue') },
    { path: '/rules/:id', name: 'rule', component: () => import('@/rules/RulePage.vue'), props: true },
    { path: '/versions', name: 'versions', component: () => import('@/rules/VersionsPage.vue') },
    { path: '/alarms/:parts+', name: 'alarm', component: () => import('@/alarms/AlarmPage.vue'), props: (route) => ({ id: [route.params.parts].flat().join(':') }) },
    { path: '/tickets', name: 'tickets', component: () => import('@/tickets/TicketsPage.vue') },
    { path: '/tickets/:parts+', name: 'ticket', component: () => import('@/tickets/TicketPage.vue'), props: (route) => ({ id: [route.params.parts].flat().join(':') }) },
    { path: '/plans', name: 'plans', component: () => import('@/plans/PlansPage.vue') },
    { path: '/plans/:id', name: 'plan', component: () => import('@/plans/PlanPage.vue'), props: true },
    { path: '/activations/:parts+', name: 'activation', component: () => import('@/plans/ActivationPage.vue'), props: (route) => ({ id: [route.params.parts].flat().join(':') }) },
    { path: '/drills', name: 'drills', component: () => import('@/drills/DrillsPage.vue') },
    { path: '/drills/:id', name: 'drill', component: () => import('@/drills/DrillPage.vue'), props: true },
    { path: '/trainings', name: 'trainings', component: () => import('@/drills/TrainingsPage.vue') },
    { path: '/facilities', name: 'facilities', component: () => import('@/facilities/FacilitiesPage.vue') },
    { path: '/facilities/:id', name: 'facility', component: () => import('@/facilities/FacilityPage.vue'), props: true },
    { path: '/inspections', name: 'inspections', component: () => import('@/facilities/RoundsPage.vue') },
    { path: '/inspections/:id', name: 'inspection', component: () => import('@/facilities/RoundPage.vue'), props: true },
    { path: '/renewals', name: 'renewals', component: () => import('@/facilities/RenewalsPage.vue') },
    { path: '/risks', name: 'risks', component: () => import('@/facilities/RisksPage.vue') },
    { path: '/safety', name: 'safety', component: () => import('@/safety/SafetyPage.vue') },
    { path: '/evaluation', name: 'evaluation', component: () => import('@/evaluation/EvaluationPage.vue') },
    { path: '/duty', name: 'duty', component: () => import('@/notifications/DutyPage.vue') },
    { path: '/platform', name: 'platform', component: () => import('@/platform/PlatformPage.vue') },
    { path: '/users', name: 'users', component: () => import('@/users/UsersPage.vue') },
    { path: '/:rest(.*)', name: 'nowhere', component: () => import('@/frame/NowherePage.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
  const session = useSession()
  if (!session.known) await session.check()
  if (session.user && to.name === 'sign-in') return returnPath(to.query.return)
  if (!session.user && !to.meta.open) return { name: 'sign-in', query: { return: to.fullPath } }
  return true
})

/** Where to go after signing in: only into this page, never to another site. */
export function returnPath(value: unknown): string {
  return typeof value === 'string' && value.startsWith('/') && !value.startsWith('//') && !value.includes('\\') ? value : '/'
}

const inParts = (id: string) => id.split(':')

export const to = {
  point: (id: string): RouteLocationRaw => {
    const dot = id.indexOf('.')
    return { name: 'point', params: { device: id.slice(0, dot), measure: id.slice(dot + 1) } }
  },
  place: (zone: string): RouteLocationRaw => ({ name: 'place', params: { zone } }),
  alarm: (id: string): RouteLocationRaw => ({ name: 'alarm', params: { parts: inParts(id) } }),
  ticket: (id: string): RouteLocationRaw => ({ name: 'ticket', params: { parts: inParts(id) } }),
  activation: (id: string): RouteLocationRaw => ({ name: 'activation', params: { parts: inParts(id) } }),
  drill: (id: string): RouteLocationRaw => ({ name: 'drill', params: { id } }),
  facility: (id: string): RouteLocationRaw => ({ name: 'facility', params: { id } }),
  inspection: (id: string): RouteLocationRaw => ({ name: 'inspection', params: { id } }),
  rule: (id: string): RouteLocationRaw => ({ name: 'rule', params: { id } }),
  plan: (id: string): RouteLocationRaw => ({ name: 'plan', params: { id } }),
}
