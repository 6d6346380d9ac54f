# What rayjob.yaml runs on the head: one list of the bucket.
set -eu
cd /etc/voxpress # where voxpress.toml lies
python -c '
import sys
from obstore.store import from_url
sys.stdout.buffer.write(from_url(sys.argv[1]).get(sys.argv[2]).bytes())
' s3://speech/lists "$1" > /tmp/list
voxpress render - --from csv -o "s3://speech/files/$2" --executor ray < /tmp/list
