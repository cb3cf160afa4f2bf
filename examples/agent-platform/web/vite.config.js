import { defineConfig } from "vite";

// Assets carry a hash in their names, so they can be cached for ever and served from another host.
export default defineConfig({ base: process.env.ASSET_PREFIX ?? "/", build: { sourcemap: true } });
