import type BetterSqlite3 from "better-sqlite3";

type Hear = () => void;

interface Company {
  hears: Set<Hear>;
  /** How many rows the connection had changed when it was last told. */
  changes: number;
}

/** By the Database, as its owner gave it. */
const companies = new WeakMap<BetterSqlite3.Database, Company>();

/**
 * The instances of this process on one Database given: SQLite tells a connection nothing of its own
 * commits, so each tells the others of what it has committed.
 */
export class Fellows {
  readonly #company: Company;
  readonly #changes;
  #own: Hear | undefined;

  constructor(given: BetterSqlite3.Database, db: BetterSqlite3.Database) {
    this.#company = companies.get(given) ?? { hears: new Set(), changes: 0 };
    companies.set(given, this.#company);
    this.#changes = db.prepare<[], number>("select total_changes()").pluck();
  }

  /** `hear` is called within the commits of the others. */
  join(hear: Hear): void {
    this.leave();
    this.#own = hear;
    this.#company.hears.add(hear);
  }

  leave(): void {
    if (this.#own !== undefined) this.#company.hears.delete(this.#own);
    this.#own = undefined;
  }

  /** After each commit; one that changed nothing is no news. */
  tell(): void {
    const others = [...this.#company.hears].filter((one) => one !== this.#own);
    if (others.length === 0) return;
    const changes = this.#changes.get() ?? 0;
    if (changes === this.#company.changes) return;
    this.#company.changes = changes;
    for (const hear of others) hear();
  }
}
