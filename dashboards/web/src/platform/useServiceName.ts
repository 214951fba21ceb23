/** A service's name in words: `ingest+api`, or `gateway gw-east` with the gateway's own name. */
import { useI18n } from 'vue-i18n'
import { inLanguage } from '@/i18n'
import { usePlatform } from './usePlatform'

export function useServiceName() {
  const { t, te } = useI18n()
  const platform = usePlatform()
  return (name: string): string => {
    if (te(`service.${name}`)) return t(`service.${name}`)
    const [kind = '', which] = name.split(' ')
    if (kind === 'gateway' && which) return inLanguage(platform.gateways.get(which)?.name) || `${t('service.gateway')} ${which}`
    return name
  }
}
