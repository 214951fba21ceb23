import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const API = process.env.ANJU_API ?? 'http://127.0.0.1:8000'

const OF_THE_API = fileURLToPath(new URL('../../api', import.meta.url))

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)), '@api': OF_THE_API } },
  define: { __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  server: { fs: { allow: ['.', OF_THE_API] }, proxy: { '/api': { target: API, ws: true } } },
  // The page's policy allows nothing from elsewhere and no data: fonts, so every asset is a file of its own.
  build: { target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false, chunkSizeWarningLimit: 900 },
  test: { include: ['tests/**/*.test.ts'] },
})
