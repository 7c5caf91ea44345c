// What is searched: for each model the bounds in which the protocol holds, and the deliberate breaks that must be caught.
// The words of a break say which rule is left out, so that a failure can be read. Nothing is run here.

export type ModelName = 'core' | 'join' | 'grants' | 'members';

export interface Configuration {
  readonly model: ModelName;
  /** A sentence about the protocol, used as the name of a test. */
  readonly says: string;
  /** Macros for the model: bounds, and for a break the rule that is broken. */
  readonly with: readonly string[];
  /** The order in which the search tries the steps of a state. A break may lie far from where the usual order begins. */
  readonly reverse?: boolean;
}

const of = (model: ModelName, says: string, ...macros: readonly string[]): Configuration => ({ model, says, with: macros });
const broken = (model: ModelName, rule: string, says: string, ...macros: readonly string[]): Configuration => of(model, says, `BREAK_${rule}`, ...macros);

/** Searched to the end without a violation. */
export const UNBROKEN: readonly Configuration[] = [
  of('core', 'two replicas, two writers, one fault, a return'),
  of('core', 'two replicas, three attaches', 'MAX_GENERATION=3', 'MAX_RETURNS=0'),
  of('core', 'three replicas, a return', 'REPLICAS=3', 'MAX_WRITES=1'),
  of('core', 'replicas lose power, two faults', 'POWER_LOSS', 'MAX_WRITES=1', 'MAX_RETURNS=0', 'MAX_FAULTS=2'),
  of('core', 'replicas lose power, and return', 'POWER_LOSS', 'MAX_WRITES=1'),
  of('core', 'replicas lose power, two faults, two writes', 'POWER_LOSS', 'MAX_RETURNS=0', 'MAX_FAULTS=2'),
  of('join', 'a replica joins, twice, with one fault', 'MAX_WRITES=1'),
  of('join', 'a replica joins while two others are in sync', 'REPLICAS=3', 'MAX_WRITES=1', 'MAX_SYNCS=1', 'MAX_FAULTS=0'),
  of('join', 'a replica joins, and power is lost', 'POWER_LOSS', 'MAX_WRITES=1', 'MAX_SYNCS=1'),
  of('grants', 'two replicas, a replica server restarts'),
  of('grants', 'two replicas, three attaches', 'MAX_GENERATION=3', 'MAX_RESTARTS=0'),
  of('members', 'replicas go away, return, are replaced', 'MAX_WRITES=3', 'MAX_FAULTS=3'),
];

const THREE_ATTACHES = ['MAX_GENERATION=3', 'MAX_RETURNS=0'];
const POWER = ['POWER_LOSS', 'MAX_WRITES=1', 'MAX_RETURNS=0', 'MAX_FAULTS=2'];
const JOIN = ['MAX_WRITES=1', 'MAX_SYNCS=1'];
const JOIN_POWER = ['POWER_LOSS', ...JOIN];

/** Each leaves one rule out; the search must find where that ends. */
export const BROKEN: readonly Configuration[] = [
  broken('core', 'NO_FENCE', 'an attach does not fence'),
  broken('core', 'NO_RECOVERY', 'an unclean attach recovers nothing'),
  broken('core', 'READ_FROM_SOURCE', 'a region is read from the source of its recovery before the others have it'),
  broken('core', 'TOUCH_DURING_RECOVERY', 'a region is read and written before it is recovered'),
  broken('core', 'FORGETS_COPIES', 'the source of a recovery is ejected, and a copy of it that is still under way is forgotten'),
  broken('core', 'ACK_EARLY', 'a write is acknowledged when one member has it'),
  broken('core', 'READ_ACROSS_WRITE', 'a read does not wait for an overlapping write'),
  broken('core', 'SERVES_WITHOUT_GRANT', 'a mirror answers without its grants'),
  broken('core', 'WRITE_WITHOUT_INTENT', 'data is sent before the intent is durable'),
  broken('core', 'CLEAR_DURING_RECOVERY', 'the intent is cleared before the region is recovered'),
  broken('core', 'CLEAR_UNLOCKED', 'a region is written while its intent is being cleared'),
  broken('core', 'CLEAR_FORGETS_THE_ABSENT', 'the intent is cleared and nobody notes that an absent replica lacks the region'),
  broken('core', 'RESUMED_CONNECTION', 'a replica returns on its old connection'),
  broken('core', 'JOIN_WITHOUT_MAP', 'a replica joins with an empty map', 'MAX_RETURNS=2'),
  broken('core', 'CLEAN_WHILE_RECOVERING', 'a release is called clean while recovery runs', ...THREE_ATTACHES),
  broken('core', 'REISSUE_ALWAYS', 'a parked write is issued again although another node was the writer meanwhile', ...THREE_ATTACHES, 'MAX_FAULTS=2'),
  broken('core', 'RESTARTED_STAYS', 'a member that has restarted stays in sync beside one that has not', ...POWER),
  broken('core', 'FLUSH_ON_ONE', 'a flush is answered when one member has it on its platter', ...POWER),
  broken('core', 'CLEAR_BEFORE_FLUSH', 'the intent is cleared without a flush', ...POWER),
  broken('core', 'RELEASE_WITHOUT_FLUSH', 'a release is called clean without a flush', ...POWER),
  broken('join', 'COPY_WITHOUT_LOCK', 'a region is copied while it is written', ...JOIN),
  broken('join', 'FAILED_WRITE_IGNORED', 'a write that fails on a syncing replica does not end its sync', ...JOIN),
  broken('join', 'JOIN_WITHOUT_WAITING', 'a replica joins before earlier writes on it have settled', ...JOIN),
  broken('join', 'REQUIRED_AFTER_ANSWER', 'a joining replica is required only when the store has answered', ...JOIN),
  broken('join', 'READ_WITHOUT_JOINERS_GRANT', 'a read does not need the grant of the joining replica', ...JOIN),
  broken('join', 'FENCE_WITHIN_GRANT', 'a fence is answered before the last grant is over', ...JOIN),
  broken('join', 'COMPARES_GENERATION_ONLY', 'a change of the record compares the generation only', ...JOIN),
  broken('join', 'READ_SETTLES_OUTCOME', 'a compare-and-set of unknown outcome counts as refused because a read shows the old record', ...JOIN),
  broken('join', 'EJECTS_WHILE_UNKNOWN', 'a member is ejected while it is not known whether another has joined', ...JOIN),
  broken('join', 'EJECT_LOCALLY', 'a member is dropped although the store refused its ejection', ...JOIN),
  broken('join', 'JOIN_WITHOUT_FDATASYNC', 'a replica joins without fdatasync', ...JOIN_POWER),
  broken('join', 'FLUSH_WITHOUT_JOINER', 'a flush does not wait for the joining replica', ...JOIN_POWER),
  { ...broken('join', 'FENCE_FORGOTTEN', 'a replica forgets its fence', 'REPLICAS=3', 'MAX_WRITES=1', 'MAX_FAULTS=0'), reverse: true },
  broken('grants', 'FENCE_WITHIN_GRANT', 'a fence is answered before the last grant is over'),
  broken('grants', 'COUNTED_FROM_ANSWER', 'a grant is counted from its answer, so that a passed one is extended'),
  broken('grants', 'CHECK_BEFORE_OPERATION', 'the grants are looked at before the operation and not after it'),
  broken('grants', 'GIVES_BACK_WHILE_SERVING', 'grants are given back while the mirror still serves'),
  broken('grants', 'RESTART_WITHIN_GRANT', 'a replica server that was restarted answers a fence at once'),
  broken('grants', 'EJECT_LOCALLY', 'a member is dropped although the store refused its ejection'),
  broken('grants', 'CLOCK_STOPS_IN_FREEZE', 'the clock of a mirror stops while its machine is frozen', 'MAX_FREEZES=1', 'MAX_RESTARTS=0'),
  broken('members', 'CLEAR_FORGETS_THE_ABSENT', 'the intent is cleared and nobody notes that an absent replica lacks the region'),
  broken('members', 'MISSED_CLEARED_EARLY', 'what an absent replica lacks is forgotten when another one has joined'),
  broken('members', 'ONLY_SOURCE_BITS', 'a returning replica copies only what the source has marked'),
  broken('members', 'ONLY_OWN_BITS', 'a returning replica copies only what it has marked itself'),
  broken('members', 'JOIN_WITHOUT_MAP', 'a replica joins with an empty map'),
  broken('members', 'NEW_MAP_EMPTY', 'a new replica begins with an empty map'),
  broken('members', 'REMOVED_TAKEN_BACK', 'the file of a removed replica is taken as the base of a copy'),
];
