// Packages are installed outside the source tree (see `setup`), so they are resolved from there and not from this file's folder.
import {createRequire} from "node:module";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

/** The folder that `.ci/tools/setup` filled. */
export const toolsFolder = process.env.SWAN_TEST_TOOLS ?? join(import.meta.dirname, "../../target/test-tools");

/** Imports an installed package by name. */
export async function installed(name) {
    const resolve = createRequire(join(toolsFolder, "package.json")).resolve;
    let file;
    try {
        file = resolve(name);
    } catch (error) {
        throw new Error(`${name} is not installed in ${toolsFolder}: run .ci/tools/setup (${error.code})`);
    }
    return import(pathToFileURL(file).href);
}
