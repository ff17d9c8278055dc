# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_opsctl_global_optspecs
    string join \n c/context= config= app= env= o/output= json wide columns= sort-by= no-headers color= tz= q/quiet v/verbose n/no-interaction y/yes confirm= reason= timeout= h/help V/version
end

function __fish_opsctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_opsctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_opsctl_using_subcommand
    set -l cmd (__fish_opsctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c opsctl -n "__fish_opsctl_needs_command" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_needs_command" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_needs_command" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_needs_command" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_needs_command" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_needs_command" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_needs_command" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_needs_command" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_needs_command" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_needs_command" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_needs_command" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_needs_command" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_needs_command" -s V -l version -d 'Print version'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "webhooks" -d 'Payment webhooks: list, show, explain, retry'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "queue" -d 'The queues of the application: status, inspect, failed, retry, forget, flush, prune, clear, restart, pause, resume, work'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "locks" -d 'The cache locks of the application: list, clear'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "schedule" -d 'What runs when: list, run, work, output, clear-cache, crontab'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "clusters" -d 'The clusters of a platform: list, show, probe, migrate, repair, add, edit, drain, remove'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "tenant" -d 'The platform\'s tenants: list, show, create, provision, master taxonomies'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "rls" -d 'Whether tenants are kept apart: row-level security and its equivalents'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "journal" -d 'Who changed what: list, show'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "db" -d 'The database\'s schema: migrate, status, seed, fresh'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "about" -d 'Show where commands work: context, servers, settings, each value with where it comes from'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "context" -d 'Named contexts: list, show, choose one'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "redis" -d 'The Redis servers of the application: ping'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "init" -d 'Write an opsctl.toml: by questions on a terminal, or by options'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "demo" -d 'See opsctl work on an embedded database of its own'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "completions" -d 'Print what a shell needs to complete opsctl\'s words'
complete -c opsctl -n "__fish_opsctl_needs_command" -f -a "help" -d 'Explain a command, or a topic'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "retry-once" -d 'Try the due events once, with the service\'s own limits (for one event: retry-one)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "retry-one" -d 'Try one event again, by its id (for all that are due: retry-once)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "retry" -d 'Try due events again, by provider and status'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "list" -d 'List events, newest first'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "show" -d 'Show one event: what its body says, and the payments it may be about'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and not __fish_seen_subcommand_from retry-once retry-one retry list show explain" -f -a "explain" -d 'Explain why an event is as it is, or with --due how due events are found'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l limit -d 'Events of this run, 1 to 1000000 [default: TENRUSL_SCHEDULER_LIMIT]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l max-attempts -d 'Attempts that an event may use, its first delivery included [default: TENRUSL_MAX_RETRY_ATTEMPTS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l mode -d 'Jitter of the next time: full, equal, decorrelated [default: TENRUSL_SCHEDULER_BACKOFF_MODE]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l base-ms -d 'First delay, in milliseconds [default: TENRUSL_RETRY_BASE_MS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l cap-ms -d 'Longest delay, in milliseconds [default: TENRUSL_RETRY_CAP_MS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l rate -d 'Events per second, at most' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l if-locked -d 'When another run holds the lock: fail (exit 8), skip (exit 0), wait=TIME' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l queue-name -d 'With --queue: the queue to push to [default: webhooks]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l queue -d 'Push the service\'s own job for each event, instead of trying it here'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l dry-run -d 'Show what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-once" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l max-attempts -d 'Attempts that an event may use [default: TENRUSL_MAX_RETRY_ATTEMPTS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l queue-name -d 'With --queue: the queue to push to [default: webhooks]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l force -d 'Ignore its due time and the attempts limit'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l take-over -d 'Take it even when the service\'s own worker claimed it a moment ago'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l queue -d 'Push the service\'s own job for each event, instead of trying it here'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l dry-run -d 'Show what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry-one" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l limit -d 'Events of this run, 1 to 1000000 [default: TENRUSL_SCHEDULER_LIMIT]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l max-attempts -d 'Attempts that an event may use, its first delivery included [default: TENRUSL_MAX_RETRY_ATTEMPTS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l mode -d 'Jitter of the next time: full, equal, decorrelated [default: TENRUSL_SCHEDULER_BACKOFF_MODE]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l base-ms -d 'First delay, in milliseconds [default: TENRUSL_RETRY_BASE_MS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l cap-ms -d 'Longest delay, in milliseconds [default: TENRUSL_RETRY_CAP_MS]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l rate -d 'Events per second, at most' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l if-locked -d 'When another run holds the lock: fail (exit 8), skip (exit 0), wait=TIME' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l queue-name -d 'With --queue: the queue to push to [default: webhooks]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l provider -d 'Only events of this provider' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l status -d 'Only events in this status: received, failed, processing, queued' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l queue -d 'Push the service\'s own job for each event, instead of trying it here'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l dry-run -d 'Show what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l since -d 'From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l until -d 'Before this moment; a day is meant whole' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l provider -d 'Only events of this provider' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l status -d 'Only events in this status' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l payment-status -d 'Only events with this payment status; `none` for events without one' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l event-id -d 'Only events whose provider\'s id contains this' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l limit -d 'Events of this page, 1 to 1000' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l after -d 'Go on behind this event, as the line below a page says' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l due -d 'Only events that a retry would pick now'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l exhausted -d 'Only events that have used their attempts'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l event-id -d 'The provider\'s own id' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l request-id -d 'The request that delivered it' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l raw -d 'Show the body, too'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l event-id -d 'The provider\'s own id' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l request-id -d 'The request that delivered it' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l provider -d 'With --due: only events of this provider' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l due -d 'Explain how a run finds due events; nothing is run but their count'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l plan -d 'With --due: the server\'s own plans, too'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand webhooks; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "status" -d 'Count the jobs of the queues: ready, delayed, reserved, stuck, and how old the oldest is'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "inspect" -d 'Show the jobs of a queue without taking one: ready, delayed, reserved'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "failed" -d 'Show failed jobs: grouped by exception, class and queue, or one by one'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "retry" -d 'Push failed jobs to their queues again, and forget them, as one'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "forget" -d 'Forget failed jobs by their ids'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "flush" -d 'Forget failed jobs: all of them, or those that the options describe'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "prune" -d 'Forget failed jobs that are older than some hours'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "clear" -d 'Remove every job of a queue: ready, delayed and reserved ones'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "restart" -d 'Tell all workers to stop behind their current job; who supervises them starts new ones'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "pause" -d 'Tell workers to take no more jobs of a queue'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "resume" -d 'Tell workers to take jobs of a queue again'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and not __fish_seen_subcommand_from status inspect failed retry forget flush prune clear restart pause resume work" -f -a "work" -d 'Run the jobs that opsctl knows, as a worker of the application\'s own would'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l queue -d 'Likewise' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l connection -d 'The queue connection [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l sample -d 'Count twice, so far apart, and tell how many more jobs there are per minute' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l max -d 'A queue with so many jobs, wherever they lie, is a finding; one that nobody knows is empty' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l watch -d 'Count again every so many seconds, until Ctrl-C or --timeout; a terminal is redrawn' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l connection -d 'The queue connection [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l class -d 'Only jobs of this class: `App\\Jobs\\SendInvoice`, or `SendInvoice`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l id -d 'Only the job of this uuid, id or row' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l older-than -d 'Only jobs that were pushed so long ago: `10m`, `2h`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l part -d 'Only these parts' -r -f -a "ready\t'They may be taken'
delayed\t'They are due later'
reserved\t'A worker has them, or had them'
stuck\t'A worker had them: its time is over'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l limit -d 'At most so many jobs' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l decrypt -d 'Read encrypted commands with the application\'s keys, and show them: they may hold secrets'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l history -d 'The life of one job, also of one that was retried: when it failed, was retried, and where it is now' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l queue -d 'Only jobs of this queue' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l class -d 'Only jobs of this class: `App\\Jobs\\SendInvoice`, or `SendInvoice`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l exception -d 'Only jobs whose exception holds this text in its message or place; case does not count' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l since -d 'From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l until -d 'Before this moment; a day is meant whole' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l limit -d 'At most so many groups or jobs' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l list -d 'One by one, newest first'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from failed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l queue -d 'Only jobs of this queue' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l class -d 'Only jobs of this class: `App\\Jobs\\SendInvoice`, or `SendInvoice`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l exception -d 'Only jobs whose exception holds this text in its message or place; case does not count' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l since -d 'From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l until -d 'Before this moment; a day is meant whole' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l limit -d 'Jobs of this run, at most; those that stay do not count' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l rate -d 'Jobs per second, at most' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l retry-for -d 'Give jobs that have a deadline (retryUntil) this much time from now' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l dry-run -d 'Show what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l dry-run -d 'Show what would be forgotten'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l hours -d 'Only jobs that failed so many hours ago, or longer' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l queue -d 'Only jobs of this queue' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l class -d 'Only jobs of this class: `App\\Jobs\\SendInvoice`, or `SendInvoice`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l exception -d 'Only jobs whose exception holds this text in its message or place; case does not count' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l since -d 'From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l until -d 'Before this moment; a day is meant whole' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l dry-run -d 'Show how many would be forgotten'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from flush" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l hours -d 'Hours since they failed' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l dry-run -d 'Show how many would be forgotten'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l connection -d 'The queue connection [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l dry-run -d 'Show what would be removed'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l dry-run -d 'Show what would be written, and where'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l connection -d 'The queue connection [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l all -d 'Every queue of every connection'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l unknown -d 'Take a queue that nobody knows, too, without asking for it: one that is idle has neither rows nor keys'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l dry-run -d 'Show what would be changed, and where'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l connection -d 'The queue connection [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l all -d 'Every queue of every connection'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l unknown -d 'Take a queue that nobody knows, too, without asking for it: one that is idle has neither rows nor keys'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l dry-run -d 'Show what would be changed, and where'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l queue -d 'The queues, the first one first [default: the service\'s own, and the connection\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l max-jobs -d 'End behind so many jobs; 0 for no limit' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l max-time -d 'End behind the job in hand when this time is over; 0 for no limit' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l sleep -d 'Time between two looks at empty queues' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l concurrency -d 'Transactions at once, each of up to a hundred jobs' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l tries -d 'How often a job may be taken that says nothing of it; 0 for no limit' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l backoff -d 'Seconds before a job that met an error is tried again: one for each try, the last one for the rest' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l job-timeout -d 'Time that a job may run that says nothing of it; 0 for no limit' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l once -d 'One job, if there is one'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l stop-when-empty -d 'End when there is nothing to take'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l force -d 'Take jobs while the application is down for maintenance, too'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l dry-run -d 'Show what would be done with what lies there now, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand queue; and __fish_seen_subcommand_from work" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -f -a "list" -d 'Show the cache locks: what each is for, who holds it, until when, and who needs it'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and not __fish_seen_subcommand_from list clear" -f -a "clear" -d 'Take locks away from holders that are gone: the named ones, or those that the options describe'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l pattern -d 'Only locks whose name matches: `*` stands for any text, `?` for one character' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l kind -d 'Only these kinds' -r -f -a "unique\t'A second job of its kind in a queue'
overlap\t'A second job of its key at work'
schedule\t'An entry of the schedule that runs twice'
one-server\t'An entry of the schedule that two servers begin'
run\t'A batch that runs twice'
idempotency\t'A request that is answered twice'
command\t'A command that runs twice'
refresh\t'A cache value that is made anew twice'
other\t'Something of the application\'s own'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l store -d 'The cache store that the locks lie in [default: those of the application\'s locks and schedule]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l connection -d 'Queue connections whose jobs are compared with the locks [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l limit -d 'At most so many locks' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l stale -d 'Only locks that nobody needs, rows whose time is over among them'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l no-expiry -d 'Only locks that have no end'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l pattern -d 'Only locks whose name matches: `*` stands for any text, `?` for one character' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l kind -d 'Only these kinds' -r -f -a "unique\t'A second job of its kind in a queue'
overlap\t'A second job of its key at work'
schedule\t'An entry of the schedule that runs twice'
one-server\t'An entry of the schedule that two servers begin'
run\t'A batch that runs twice'
idempotency\t'A request that is answered twice'
command\t'A command that runs twice'
refresh\t'A cache value that is made anew twice'
other\t'Something of the application\'s own'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l store -d 'The cache store that the locks lie in [default: those of the application\'s locks and schedule]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l connection -d 'Queue connections whose jobs are compared with the locks [default: the application\'s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l stale -d 'Only locks that nobody needs, rows whose time is over among them'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l no-expiry -d 'Only locks that have no end'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l force -d 'Clear also what a job or a run needs'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l dry-run -d 'Show what would be cleared'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand locks; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "list" -d 'List the entries: when each is due next, how its last run went, who holds its mutex'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "run" -d 'Run the entries that are due in this minute, each once across all hosts'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "work" -d 'Run the schedule in the foreground: at each minute\'s beginning, what is due'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "output" -d 'Print what the newest run of an entry printed on this host'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "clear-cache" -d 'Delete the mutexes of the entries, which runs that were killed left behind'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and not __fish_seen_subcommand_from list run work output clear-cache crontab" -f -a "crontab" -d 'Print the cron line that runs the schedule each minute, or units of systemd'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l timezone -d 'As `--tz`, in artisan\'s words' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l next -d 'What is due next comes first'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l on -d 'Only entries that are on'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l concurrency -d 'Entries at the same time, at most' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l takeover -d 'Run entries that the application\'s scheduler is seen to run, too'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l dry-run -d 'Show what would run'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l concurrency -d 'Entries at the same time, at most, of each minute' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l minutes -d 'End when the commands of so many minutes have ended' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l dry-run -d 'Show what would run in this minute, and end'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from work" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l run -d 'Another run than the newest one: its id, as `schedule run -o wide` and `schedule list -o wide` show it' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l list -d 'Print the places of all that is kept, newest first, instead'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from output" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l force -d 'Delete the mutex of a run that is at work, too: another one may then begin beside it'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l dry-run -d 'Show what would be deleted'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from clear-cache" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l user -d 'The user that it runs as: a column of /etc/cron.d, `User=` of a service' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l systemd -d 'Units of systemd instead: a service and a timer'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l entries -d 'A line for each entry that is on: without claims, mutexes, time limits and kept output'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand schedule; and __fish_seen_subcommand_from crontab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "list" -d 'List the clusters: engine, region, status, tenants, schema, and how the last probe found them'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "show" -d 'Show one cluster: address, roles, tenants, the last probes and migrations'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "probe" -d 'Look at every cluster: can it be reached, does it let us in, is its schema up to date, are tenants kept apart'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "add" -d 'Register a cluster'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "edit" -d 'Change what is registered about a cluster'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "drain" -d 'Let a cluster take no more new tenants'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "remove" -d 'Take a cluster off the registry'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "migrate" -d 'Bring the schema of every cluster up to date: a plan of all first, canaries, then the others'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and not __fish_seen_subcommand_from list show probe add edit drain remove migrate repair" -f -a "repair" -d 'Mend what is recorded about migrations: drifted checksums, unfinished ones, single statements'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l status -d 'Only clusters of these statuses: pending, active, draining, read_only, offline, retired' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l region -d 'Only clusters in these regions' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l engine -d 'Only clusters on these engines: postgres, mysql, sqlite' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l watch -d 'List them again every so many seconds, until Ctrl-C or --timeout; a terminal is redrawn' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l roles -d 'Roles that must be able to log in, where they have credentials of their own; the first one asks' -r -f -a "app\t'The application\'s own'
operator\t'May work across tenants'
owner\t'Owns the tables'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l max-lag -d 'Time that a replica may be behind' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l max-connections -d 'Connections that may be used, in percent of the limit' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l each -d 'Time for one cluster; `--timeout` is that for all [default for all: 30s]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l parallel -d 'Clusters at once; at most 16 of one host' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l last -d 'Show the last results and connect to no cluster'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l url -d 'Its address, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l password-from -d 'Where the password of the URL\'s user lies: `env:NAME` or `file:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l operator-user -d 'The role that works across tenants' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l operator-password-from -d 'Where its password lies' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l owner-user -d 'The role that owns the tables, for migrations' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l owner-password-from -d 'Where its password lies' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l region -d 'Where it stands, in your own words' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l capacity -d 'Tenants that it takes, 1 at least; it is `draining` that takes no new ones' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l status -d 'What it may be used for: pending, active, draining, read_only, offline, retired' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l dry-run -d 'Show what would be done'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l url -d 'Its address, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l password-from -d 'Where the password of the URL\'s user lies: `env:NAME` or `file:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l operator-user -d 'The role that works across tenants' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l operator-password-from -d 'Where its password lies' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l owner-user -d 'The role that owns the tables, for migrations' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l owner-password-from -d 'Where its password lies' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l region -d 'Where it stands, in your own words' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l capacity -d 'Tenants that it takes, 1 at least; it is `draining` that takes no new ones' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l status -d 'What it may be used for: pending, active, draining, read_only, offline, retired' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l no-capacity -d 'Let it take any number of tenants again'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l dry-run -d 'Show what would be done'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l undo -d 'Let it take new tenants again'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l dry-run -d 'Show what would be done'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would be done'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l cluster -d 'Only these clusters' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l path -d 'A team\'s own SQL: files, or folders `postgres`, `mysql` and `sqlite` of them' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l table -d 'Where a team\'s own SQL is recorded; `_sqlx_migrations` goes on where sqlx stopped' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l to -d 'The last version to apply' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l canary -d 'Who goes first and must succeed: a cluster, or so many of those that lack something' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l parallel -d 'Clusters at once; at most 16 of one host' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l on-error -d 'What a failed cluster means for those that have not begun' -r -f -a "stop\t'Finish what is in hand, and begin no more'
continue\t'Go on with the others'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l max-failures -d 'Begin no more once more than so many clusters have failed, or so many in a hundred [default: no limit]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l lint -d 'What dangerous statements of pending migrations mean' -r -f -a "off\t'Nothing: nobody looks'
warn\t'It is told'
deny\t'Nothing is run'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l lock-timeout -d 'Longest wait for a lock of a table or a row: others queue behind it; on MySQL and MariaDB rounded up to seconds' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l lock-retries -d 'Further tries after lock timeouts' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l lock-wait -d 'Longest wait for another run on the same database' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l dry-run -d 'Show what each cluster lacks, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l status -d 'Like --dry-run; exit code 3 when anything is pending'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l own -d 'Make empty databases without a mark opsctl\'s own'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l allow-drift -d 'Go on though an applied migration has another text now'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from migrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l path -d 'A team\'s own SQL: files, or folders `postgres`, `mysql` and `sqlite` of them' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l table -d 'Where a team\'s own SQL is recorded; `_sqlx_migrations` goes on where sqlx stopped' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l version -d 'Only this migration' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l statement -d 'One statement of it, by its place in the file' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l as -d 'How the statement stands, as somebody has seen' -r -f -a "done\t'It happened, all of it'
undone\t'Nothing of it happened'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l dry-run -d 'Show what would be mended'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand clusters; and __fish_seen_subcommand_from repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "list" -d 'List tenants by slug, each with its last provisioning'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "show" -d 'Show one tenant: its cluster, its last provisioning runs with their steps, and what comes next'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "create" -d 'Register a tenant, on the cluster that is named or on the least full one'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "provision" -d 'Provision tenants: roles, taxonomies, the owner\'s membership'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "verify" -d 'Verify tenants: their last run, counts, rows, warnings, isolation'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and not __fish_seen_subcommand_from list show create provision verify taxonomies" -f -a "taxonomies" -d 'The master rows that every tenant gets a copy of: list, import'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l cluster -d 'Only tenants on this cluster' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l region -d 'Only tenants on a cluster of this region' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l status -d 'Only tenants in this status' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l provisioning -d 'Only tenants whose last provisioning stands so; `never` for those without one' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l limit -d 'Tenants of this page, 1 to 1000' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l after -d 'Go on behind this slug, as the line below a page says' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l runs -d 'Provisioning runs to show, newest first, 1 to 1000' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l name -d 'Its name, for people' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l cluster -d 'The cluster that it is to live on [default: the least full one that takes tenants]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l region -d 'Choose among the clusters of this region' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l owner-user-id -d 'Id of the central user who owns it' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l locale -d 'Its language [default: id]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l timezone -d 'Its time zone [default: Asia/Jakarta]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l id -d 'Its id, a UUID [default: a new one]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l dry-run -d 'Show what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l cluster -d 'Only tenants on this cluster; alone, all of them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l only -d 'Only these: roles, taxonomies, owner. The checks around them are always made' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l from -d 'Take the taxonomies from a CSV file instead of the master; rows that it lacks are left alone' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l parallel -d 'Tenants at work at once, 1 to 64' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l stale-after -d 'Take over a run that has said nothing for this long, 15s at the least' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l all-failed -d 'Tenants whose provisioning failed, was stopped, or was killed; one that is at work is told, and left'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l dry-run -d 'Say what would be done, and change nothing'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l take-over -d 'Take tenants over from live runs at once: those stop before their next step'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from provision" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l cluster -d 'Only tenants on this cluster; alone, all of them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l parallel -d 'Tenants looked at at once, 1 to 64' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l all -d 'All tenants but archived ones'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -f -a "list" -d 'List the master rows that every tenant gets a copy of, parents first'
complete -c opsctl -n "__fish_opsctl_using_subcommand tenant; and __fish_seen_subcommand_from taxonomies" -f -a "import" -d 'Take master rows from a CSV file: all of them, or none when one is bad'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and not __fish_seen_subcommand_from verify" -f -a "verify" -d 'Check that no tenant can see or write another\'s rows'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l cluster -d 'Likewise' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l column -d 'The column that says whose a row is' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand rls; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List runs that changed something, newest first'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Show one run: who, where, why, what was typed, and how it ended'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l since -d 'From this moment on: `2h`, `1h30m`, `today`, `2026-11-20`, `2026-11-20 09:14`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l until -d 'Before this moment; a day is meant whole' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l command -d 'Only this command, or the commands of this group: `webhooks retry-once`, `webhooks`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l user -d 'Only runs of this user, or of this user behind sudo' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l host -d 'Only runs on this host' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l exit -d 'Only runs that ended with this code; `failed` for any but 0' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l source -d 'Where to read: the file, or the database\'s table [default: both]' -r -f -a "file\t'This host\'s file: all contexts, no database needed'
database\t'The database\'s table: all hosts'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l limit -d 'Runs of this page, 1 to 1000' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l after -d 'Go on behind this run, as the line below a page says' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l unfinished -d 'Only runs that have not ended: they are at work, or were killed'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l source -d 'Where to read: the file, or the database\'s table [default: both]' -r -f -a "file\t'This host\'s file: all contexts, no database needed'
database\t'The database\'s table: all hosts'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand journal; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -f -a "migrate" -d 'Add opsctl\'s own tables, or make an empty database opsctl\'s own'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -f -a "status" -d 'Show whose database it is, what is applied to it, and what is pending'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -f -a "seed" -d 'Fill a database of opsctl\'s own with data to try things out on'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and not __fish_seen_subcommand_from migrate status seed fresh" -f -a "fresh" -d 'Drop all tables of a database of opsctl\'s own and make them anew'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l own -d 'Make this empty database opsctl\'s own'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l dry-run -d 'Show what would be applied'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from migrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l only -d 'Only these sets: webhooks, jobs, clusters, taxonomies, tenants' -r -f -a "webhooks\t'Webhook events of every provider, state and stranded shape, with their payments'
jobs\t'Jobs of a queue in a table, and failed ones'
clusters\t'Clusters of every status that matters, as SQLite files beside the central one'
taxonomies\t'The master rows that every tenant gets a copy of'
tenants\t'Tenants in every status, with their provisioning runs'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l dry-run -d 'Show what would be put in'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from seed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l seed -d 'Seed it afterwards'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l dry-run -d 'Show what would be dropped'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand db; and __fish_seen_subcommand_from fresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l only -d 'Only these sections: opsctl, context, systems, database, redis, locks, queue, settings, schema, fleet' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand about" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -f -a "list" -d 'List the contexts in reach, and which is in force'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -f -a "show" -d 'Show what a context comes to, value by value, each with where it comes from'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and not __fish_seen_subcommand_from list show use" -f -a "use" -d 'Choose the context to work in where nothing else names one'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l unset -d 'Drop the choice'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and not __fish_seen_subcommand_from ping" -f -a "ping" -d 'Ask the servers of all roles how they are'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand redis; and __fish_seen_subcommand_from ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l database-url -d 'The database, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l password-from -d 'Where its password lies: `env:NAME` or `file:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l redis-url -d 'The Redis server, without a password: `redis://HOST:PORT`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l redis-password-from -d 'Where its password lies: `env:NAME` or `file:PATH`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l redis-prefix -d 'What the application\'s client puts before every key: REDIS_PREFIX' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l redis-databases -d 'Databases of the roles default, cache, queue and lock: `0,1,2,3`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l cache-store -d 'Where locks live' -r -f -a "redis\t''
database\t''"
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l cache-prefix -d 'What the application\'s cache puts before every key: CACHE_PREFIX; `\'\'` for nothing' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l queue -d 'Where jobs wait' -r -f -a "redis\t''
database\t''"
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l system -d 'The system, when it is not to be detected: webhooks, laundry, platform, laravel' -r -f -a "webhooks\t''
laundry\t''
platform\t''
laravel\t''"
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l name -d 'Name of the context, for `--context NAME`; without one it is the top of the file' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l environment -d 'Name of the environment; `production`, `prod` and `live` protect the context [default: the application\'s, else production]' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l embedded -d 'Embedded databases: SQLite files in the folder `opsctl-data`'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l protected -d 'Protect the context whatever its environment'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l user -d 'Write into the user\'s own file, for use from any folder'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l no-test -d 'Do not try the servers before'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l dry-run -d 'Show what would be written'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l dir -d 'The demo\'s folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l remove -d 'Delete the demo\'s folder'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l dynamic -d 'Complete names, too, by asking opsctl'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s c -l context -d 'Named context of an opsctl.toml (OPSCTL_CONTEXT)' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l config -d 'The opsctl.toml to read, instead of the one in this folder' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l app -d 'Folder of the Laravel application, instead of this one (OPSCTL_APP)' -r -F
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l env -d 'Environment of the application: reads `.env.NAME` when it exists' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s o -l output -d 'Format of the data on stdout' -r -f -a "table\t'For people, cut to the width of a terminal'
wide\t'For people: all columns, nothing cut'
json\t'One object with an envelope'
jsonl\t'One object per item, then the summary'
csv\t'A heading and one line per item, quoted, for spreadsheets'
tsv\t'A heading and one line per item, split by tabs, never quoted, for scripts'
ids\t'One id per line'
nagios\t'One line and the exit codes of a Nagios plugin, where a command has a verdict'"
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l columns -d 'Columns of the table, in this order; `help` lists them' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l sort-by -d 'Sort the rows by these columns, `-` before one for descending; a list in pages is sorted page by page' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l tz -d 'Zone in which times are shown to people: `UTC`, `Asia/Jakarta`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l confirm -d 'Confirm a destructive command in a protected context by the context\'s name' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l reason -d 'Why this is done; goes into the journal' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l timeout -d 'Stop when this much time has passed: `90s`, `5m`' -r
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l json -d 'Short for `--output json`'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l wide -d 'Short for `--output wide`'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -l no-headers -d 'No line of headings: table, wide, csv, tsv'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s q -l quiet -d 'Say nothing but data, warnings and errors'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s v -l verbose -d 'Tell more: -v what is done, -vv how, -vvv every statement (OPSCTL_LOG)'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s n -l no-interaction -d 'Never ask'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s y -l yes -d 'Answer yes to questions'
complete -c opsctl -n "__fish_opsctl_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
