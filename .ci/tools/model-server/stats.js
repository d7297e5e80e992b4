/** Counters of what was done, for all requests and for those of each `user` field, so that a test can tell its own from health checks. */
export class Stats {
    constructor() {
        this.all = zero();
        this.users = new Map();
    }

    /** Counts for one request: `count(name, by)`; what happened before its user is known is told to both when it is. */
    request() {
        let of = [this.all];
        const own = zero();
        const count = (name, by = 1) => {
            own[name] += by;
            for (const counters of of) counters[name] += by;
        };
        const belongsTo = (user) => {
            if (user === undefined) return;
            if (!this.users.has(user)) this.users.set(user, zero());
            const counters = this.users.get(user);
            for (const [name, value] of Object.entries(own)) counters[name] += value;
            of = [this.all, counters];
        };
        return {count, belongsTo};
    }

    /** The counters of one user, or of all requests. */
    of(user) {
        return user === null ? this.all : this.users.get(user) ?? zero();
    }
}

function zero() {
    return {started: 0, finished: 0, cancelled: 0, failed: 0, tokens: 0, active: 0};
}
