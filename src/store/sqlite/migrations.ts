/**
 * The schema's history, append-only: what stands here has run on users' files. `myjobs_schema` counts
 * how many have been applied. Names are prefixed, since the file may hold a service's own tables too.
 */
export const migrations: readonly string[] = [
  `
  create table myjobs_action (
    id integer primary key autoincrement,
    key text not null unique,
    code text not null,
    methodname text not null,
    actorname text not null,
    origin text not null
  ) strict;

  create table myjobs_host (
    id integer primary key autoincrement,
    pid integer not null,
    pid_start text not null,
    lock_file text not null,
    time_start integer not null
  ) strict;

  create table myjobs_worker (
    id integer primary key autoincrement,
    nr integer not null unique,
    name text not null,
    type text not null check (type in ('tmux', 'subprocess', 'inprocess')),
    state text not null check (state in ('NEW', 'WAITING', 'BUSY', 'ERROR', 'HALTED')),
    pid integer not null default 0,
    pid_start text not null default '',
    time_start integer not null,
    last_update integer not null,
    current_job integer,
    error text,
    halt integer not null default 0 check (halt in (0, 1, 2)),
    debug integer not null default 0 check (debug in (0, 1)),
    timeout integer not null,
    host integer not null
  ) strict;
  create index myjobs_worker_host on myjobs_worker (host);

  create table myjobs_job (
    id integer primary key autoincrement,
    name text not null,
    category text not null default '',
    state text not null default 'NEW' check (state in ('NEW', 'RUNNING', 'OK', 'ERROR', 'DONE')),
    error_cat text not null default 'NA' check (error_cat in ('NA', 'TIMEOUT', 'CRASH', 'HALTED', 'ERROR')),
    time_start integer not null default 0,
    time_stop integer not null default 0,
    timeout integer not null default 0,
    action_id integer not null,
    kwargs text not null,
    result text,
    error text,
    die integer not null default 1 check (die in (0, 1)),
    waiting integer not null default 0 check (waiting >= 0),
    return_queues text not null default '[]',
    priority integer not null default 0,
    run_at integer not null default 0,
    attempt integer not null default 0,
    max_attempts integer not null default 1,
    interruptions integer not null default 0,
    cancelled integer not null default 0 check (cancelled in (0, 1)),
    progress text,
    worker integer,
    host integer
  ) strict;
  create index myjobs_job_ready on myjobs_job (priority desc, id) where state = 'NEW' and waiting = 0;
  create index myjobs_job_running on myjobs_job (host, worker) where state = 'RUNNING';
  create index myjobs_job_category on myjobs_job (category, id) where category != '';

  create table myjobs_dependency (
    job_id integer not null,
    position integer not null,
    depends_on integer not null,
    primary key (job_id, position)
  ) strict, without rowid;
  create index myjobs_dependency_on on myjobs_dependency (depends_on);
  `,
  // Windows are kept by hosts, that open them again; hosts ask each other whether they are well.
  `
  create table myjobs_window (
    nr integer not null,
    host integer not null,
    primary key (nr, host)
  ) strict, without rowid;
  alter table myjobs_worker add column requeue integer not null default 0 check (requeue in (0, 1));
  alter table myjobs_host add column asked integer not null default 0;
  alter table myjobs_host add column answered integer not null default 0;
  `,
  // Each statement that checks a list of more than two makes a table of it first, which cost a tenth of a job.
  `
  pragma writable_schema = on;
  update sqlite_schema set sql = replace(replace(sql,
    'state in (''NEW'', ''RUNNING'', ''OK'', ''ERROR'', ''DONE'')',
    'state = ''NEW'' or state = ''RUNNING'' or state = ''OK'' or state = ''ERROR'' or state = ''DONE'''),
    'error_cat in (''NA'', ''TIMEOUT'', ''CRASH'', ''HALTED'', ''ERROR'')',
    'error_cat = ''NA'' or error_cat = ''ERROR'' or error_cat = ''TIMEOUT'' or error_cat = ''CRASH'' or error_cat = ''HALTED''')
    where name = 'myjobs_job';
  update sqlite_schema set sql = replace(sql,
    'state in (''NEW'', ''WAITING'', ''BUSY'', ''ERROR'', ''HALTED'')',
    'state = ''BUSY'' or state = ''WAITING'' or state = ''NEW'' or state = ''HALTED'' or state = ''ERROR''')
    where name = 'myjobs_worker';
  pragma writable_schema = reset;
  `,
  // An instance in a thread may end while its process lives.
  "alter table myjobs_host add column thread integer not null default 0;",
];

/** What a reset deletes: all but the hosts. */
export const emptyTables = ["job", "dependency", "action", "worker", "window"]
  .map((name) => `delete from myjobs_${name};`)
  .join(" ");
