#!/bin/sh
# Who may include whom: a folder of src/ includes itself and folders to its left. The rooms that a user could have written
# include the public headers and themselves alone; those of them inside the library also base, for its errors and containers.
set -u
layers="base proto tensor formats graph backend ops trees runtime data nn feature_columns heads distribute train loop export estimators hub serving experiment cli"
public_only="cli"
base_only="hub serving experiment"
cd "$SRCDIR/src" || exit 2

find . -name '*.[ch]' ! -name '*.pb-c.[ch]' | sed 's|^\./||' | sort | while read -r file; do
    sed -n 's|^ *# *include *"\([^"]*\)".*|\1|p' "$file" | while read -r included; do
        echo "$file $included"
    done
done | awk -v layers="$layers" -v public_only="$public_only" -v base_only="$base_only" '
    BEGIN {
        n = split(layers, name, " ")
        for (i = 1; i <= n; i++) place[name[i]] = i
        n = split(public_only, name, " ")
        for (i = 1; i <= n; i++) outside[name[i]] = 1
        n = split(base_only, name, " ")
        for (i = 1; i <= n; i++) on_base[name[i]] = 1
    }
    {
        room = $1; sub("/.*", "", room)
        other = $2; sub("/.*", "", other)
        why = ""
        if (!(room in place)) why = "the folder has no place in the order of layers"
        else if ($2 !~ "/") why = "write it as \"" room "/" $2 "\""
        else if (!(other in place)) why = "no such folder in the order of layers"
        else if (room in outside && room != other) why = "it may use <estimator/...> only"
        else if (room in on_base && room != other && other != "base") why = "it may use <estimator/...> and base only"
        else if (place[other] > place[room]) why = other " stands to the right of " room
        if (why != "") { print "src/" $1 " includes \"" $2 "\": " why; bad = 1 }
    }
    END { exit bad }'
