/** Cuts a text at the first of some stop strings, holding back what may be the beginning of one. */
export class Stops {
    constructor(stops) {
        this.stops = stops.filter((stop) => stop.length > 0);
        this.held = "";
        this.hit = false;
    }

    /** Takes more text, answers what may be shown; `hit` tells that a stop string was met. */
    push(text) {
        this.held += text;
        const found = this.stops.map((stop) => this.held.indexOf(stop)).filter((at) => at >= 0);
        if (found.length > 0) {
            this.hit = true;
            return this.take(Math.min(...found));
        }
        return this.take(this.held.length - this.#suspect());
    }

    /** The rest, when no more text comes. */
    end() {
        return this.hit ? "" : this.take(this.held.length);
    }

    take(length) {
        const shown = this.held.slice(0, length);
        this.held = this.held.slice(length);
        return shown;
    }

    #suspect() {
        const longest = Math.max(0, ...this.stops.map((stop) => stop.length - 1));
        for (let length = Math.min(longest, this.held.length); length > 0; length--) {
            const tail = this.held.slice(-length);
            if (this.stops.some((stop) => stop.startsWith(tail))) return length;
        }
        return 0;
    }
}
