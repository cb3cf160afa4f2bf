import { defineConfig } from "vite";

// Assets carry a hash in their names, so they can be cached for ever and served from another host: ASSET_PREFIX says
// from which, and `lightship assets retarget` says it after the build. Nothing is inlined: a page is as small as it can be.
export default defineConfig({
  base: process.env.ASSET_PREFIX ?? "/",
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1000, sourcemap: true },
});
