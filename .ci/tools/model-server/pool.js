/** Hands out a fixed set of things in the order of asking; who aborts leaves the queue. */
export class Pool {
    constructor(things) {
        this.free = things;
        this.waiting = [];
    }

    take(signal) {
        signal.throwIfAborted();
        if (this.free.length > 0) return Promise.resolve(this.free.pop());
        return new Promise((resolve, reject) => {
            const leave = () => {
                this.waiting = this.waiting.filter((one) => one !== turn);
                reject(signal.reason);
            };
            const turn = (thing) => {
                signal.removeEventListener("abort", leave);
                resolve(thing);
            };
            signal.addEventListener("abort", leave, {once: true});
            this.waiting.push(turn);
        });
    }

    give(thing) {
        const turn = this.waiting.shift();
        if (turn) turn(thing);
        else this.free.push(thing);
    }
}
