# Kills what a host has left behind. It reads lines from the host: "+N" a process group that has
# begun, "-N" one that has ended. When the host is gone, however it died, the pipe ends.
groups=" "
while read -r line; do
  group=${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done
